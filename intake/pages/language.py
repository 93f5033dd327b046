"""The language of a page: the one that the patient chose, else the first that browser and site share."""

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
    """Return the tags of the site's languages that have every message; one that is not whole is logged and not offered."""
    asked, found = {each.message for each in question_texts(settings.question_set)}, []
    for tag in settings.languages:
        faults = lint.find_language_faults(tag, asked)
        found += [] if faults else [tag]
        if faults:
            log.error(
                "%s is not offered: %s; see `intake i18n check`",
                tag,
                faults[0],
                extra={"event": "language-not-whole"},
            )
    if not found:
        raise SettingsError(
            ["intake.toml: languages: none of them is whole; see `intake i18n check`"]
        )
    return tuple(found)


def use_language(tag: str) -> None:
    """Show this request's page in the language `tag`, which must be one that the site offers."""
    g.language = tag


def current_locale() -> Locale:
    """Return the language of this request's page."""
    if not has_request_context():
        return i18n.find_locale(current_site().languages[0])
    if "language" not in g:
        use_language(negotiate_language())
    return i18n.find_locale(g.language)


def offered_locales() -> tuple[Locale, ...]:
    """Return the languages that the site offers, sorted by their own names."""
    return i18n.sorted_locales(current_site().languages)


def negotiate_language() -> str:
    """Return the tag of the first language that browser and site share, else the site's first."""
    tags = current_site().languages
    wanted = [tag for tag, _ in request.accept_languages]
    return negotiate_locale(wanted, tags, sep="-") or tags[0]


def _for_templates() -> dict[str, object]:
    locale = current_locale()
    speaks = i18n.load_translator(locale.tag)
    return {
        "_": speaks.gettext,
        "ngettext": speaks.ngettext,
        "locale": locale,
        "site_languages": offered_locales(),
    }


def init_app(app: Flask) -> None:
    """Give every template `_`, `ngettext`, `locale` and `site_languages`; a macro gets its words from who calls it."""
    app.context_processor(_for_templates)
