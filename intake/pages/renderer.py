"""Templates compiled once for each language: a message that stands in one is translated then, and not again on every page."""

from collections.abc import Iterable

from flask import current_app, render_template
from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from intake import i18n
from intake.i18n import Translator
from intake.pages import language

EXTENSION_KEY = "intake-speaking"
TRANSLATE_FILTER = "said"
"""The filter that says the message in a variable, such as a question's title, in the page's language."""
MESSAGE = ("name", "lparen", "string", "rparen")
"""The tokens of `_("message")`; a call with values is left to the page's own `_`."""


def render_page(name: str, **values: object) -> str:
    """Return the page of the template `name`, in the language of this request."""
    return render_template(_environment(language.current_locale().tag).get_template(name), **values)


def render_standalone(name: str, **values: object) -> str:
    """Return the same page without what the rooms put into every page of theirs, for when that cannot be had."""
    locale = language.current_locale()
    return _environment(locale.tag).get_template(name).render(locale=locale, **values)


def _environment(tag: str) -> Environment:
    kept: dict[str, Environment] = current_app.extensions.setdefault(EXTENSION_KEY, {})
    if tag not in kept:
        speaks = i18n.load_translator(tag)
        made = current_app.jinja_env.overlay(extensions=[translation_extension(speaks)])
        # A copy: an overlay shares what it does not replace with every other language.
        made.filters = {**made.filters, TRANSLATE_FILTER: speaks.gettext}
        # Kept only when it is whole: other threads ask for it, too.
        kept[tag] = made
    return kept[tag]


def translation_extension(speaks: Translator) -> type[Extension]:
    """Return the extension of a template environment that says its messages in the translator's language."""

    class Speaking(Extension):
        """Puts a message's translation in its place, as plain text, which autoescape escapes as it does any other."""

        def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
            read: list[Token] = []
            for token in stream:
                read.append(token)
                if _is_message(read[-len(MESSAGE) :]):
                    read[-len(MESSAGE) :] = [
                        Token(token.lineno, "string", speaks.plain(read[-2].value))
                    ]
            return read

    return Speaking


def _is_message(tokens: list[Token]) -> bool:
    return tuple(each.type for each in tokens) == MESSAGE and tokens[0].value == "_"
