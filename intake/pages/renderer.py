"""Renders templates in the language of the request, with one template environment per language."""

from flask import current_app, render_template
from jinja2 import Environment

from intake import i18n
from intake.pages import language

EXTENSION_KEY = "intake-renderer"
TRANSLATE_FILTER = "translate"
"""The filter that translates a message in a variable, such as a question's title."""


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
        environment = current_app.jinja_env.overlay()
        # Copies: an overlay shares its filters and globals with the other languages. A global `_`
        # also reaches imported macros, which do not see the context of a page.
        environment.filters = {**environment.filters, TRANSLATE_FILTER: translator.gettext}
        environment.globals = {**environment.globals, "_": translator.gettext}
        # Stored only when complete, because other threads look here without a lock.
        environments[tag] = environment
    return environments[tag]
