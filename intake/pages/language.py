"""The language of a page: the patient's choice, else the browser's."""

import logging

from babel import negotiate_locale
from flask import Flask, g, has_request_context, request

from intake import i18n
from intake.i18n import Locale, lint
from intake.pages.site import current_site
from intake.questions import question_texts
from intake.settings import Settings, SettingsError

log = logging.getLogger("intake.pages")


def complete_languages(settings: Settings) -> tuple[str, ...]:
    """Return the tags of the site's languages that have every message.

    An incomplete language is logged and not offered. Raises SettingsError if none is complete.
    """
    # A site may have own question sets, whose texts the shipped catalogs lack.
    texts = {text.message for text in question_texts(settings.question_set)}
    complete = []
    for tag in settings.languages:
        faults = lint.find_language_faults(tag, texts)
        if not faults:
            complete.append(tag)
            continue
        log.error(
            "%s is not offered: %s; see `intake i18n check`",
            tag,
            faults[0],
            extra={"event": "language-not-whole"},
        )
    if not complete:
        raise SettingsError(
            ["intake.toml: languages: none of them is whole; see `intake i18n check`"]
        )
    return tuple(complete)


def use_language(tag: str) -> None:
    """Show this request's page in the language `tag`; the site must offer it."""
    g.language = tag


def current_locale() -> Locale:
    """Return the language of this request's page."""
    if not has_request_context():
        return i18n.find_locale(current_site().languages[0])
    # Negotiated once per request, and only for visitors without a chosen language.
    if "language" not in g:
        use_language(negotiate_language())
    return i18n.find_locale(g.language)


def offered_locales() -> tuple[Locale, ...]:
    """Return the languages that the site offers, sorted by endonym."""
    return i18n.sorted_locales(current_site().languages)


def negotiate_language() -> str:
    """Return the first language that browser and site share, else the site's first."""
    tags = current_site().languages
    preferred = [tag for tag, _ in request.accept_languages]
    return negotiate_locale(preferred, tags, sep="-") or tags[0]


def _template_context() -> dict[str, object]:
    locale = current_locale()
    translator = i18n.load_translator(locale.tag)
    return {
        "_": translator.gettext,
        "ngettext": translator.ngettext,
        "locale": locale,
        "site_languages": offered_locales(),
    }


def init_app(app: Flask) -> None:
    """Give every template `_`, `ngettext`, `locale` and `site_languages`.

    Imported macros do not have them: the calling template passes its words.
    """
    app.context_processor(_template_context)
