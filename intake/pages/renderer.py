"""Renders templates that are compiled and translated once per language.

A message in a template is translated at compile time and not again for every page.
"""

from collections.abc import Iterable

from flask import current_app, render_template
from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from intake import i18n
from intake.i18n import Translator
from intake.pages import language

EXTENSION_KEY = "intake-renderer"
TRANSLATE_FILTER = "translate"
"""The filter that translates a message in a variable, such as a question's title."""
MESSAGE_TOKENS = ("name", "lparen", "string", "rparen")
"""The tokens of `_("message")`; a call with values is left to the page's own `_`."""


def render_page(name: str, **values: object) -> str:
    """Return the page of the template `name`, in the language of this request."""
    template = _load_environment(language.current_locale().tag).get_template(name)
    return render_template(template, **values)


def render_standalone(name: str, **values: object) -> str:
    """Return a page without the context processors, for when those fail."""
    locale = language.current_locale()
    return _load_environment(locale.tag).get_template(name).render(locale=locale, **values)


def _load_environment(tag: str) -> Environment:
    environments: dict[str, Environment] = current_app.extensions.setdefault(EXTENSION_KEY, {})
    if tag not in environments:
        translator = i18n.load_translator(tag)
        environment = current_app.jinja_env.overlay(extensions=[translation_extension(translator)])
        # A copy: an overlay shares its filters with the environments of the other languages.
        environment.filters = {**environment.filters, TRANSLATE_FILTER: translator.gettext}
        # Stored only when complete, because other threads look here without a lock.
        environments[tag] = environment
    return environments[tag]


def translation_extension(translator: Translator) -> type[Extension]:
    """Return a template extension that translates messages with `translator`."""

    class TranslateMessages(Extension):
        """Replaces each message by its translation, as plain text that autoescape escapes."""

        def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
            tokens: list[Token] = []
            for token in stream:
                tokens.append(token)
                if _is_message(tokens[-len(MESSAGE_TOKENS) :]):
                    text = translator.plain(tokens[-2].value)
                    tokens[-len(MESSAGE_TOKENS) :] = [Token(token.lineno, "string", text)]
            return tokens

    return TranslateMessages


def _is_message(tokens: list[Token]) -> bool:
    return tuple(token.type for token in tokens) == MESSAGE_TOKENS and tokens[0].value == "_"
