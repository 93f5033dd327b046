"""Marks names that a translation keeps in English, so that a voice reads them in English."""

import re
from functools import cache

from flask import Flask
from markupsafe import Markup

from intake import i18n, terminology
from intake.i18n.locales import SOURCE
from intake.pages import language

FILTER = "translate_names"
"""The filter that translates a message and marks the English names in it."""


def init_app(app: Flask) -> None:
    """Add the filter to the templates."""
    app.jinja_env.filters[FILTER] = _translate_names


def _translate_names(message: str) -> Markup:
    return mark_foreign_names(message, language.current_locale().tag)


@cache
def mark_foreign_names(message: str, tag: str) -> Markup:
    """Return the message in the language `tag`; a tribe's official name has `lang="en"`.

    Tribes write their names in English, and some translations keep them. Cached, because each
    hint is one of a few, and the pattern has a thousand names.
    """
    translator = i18n.load_translator(tag)
    if tag == SOURCE:
        return translator.gettext(message)
    parts = _official_names().split(translator.plain(message))
    # The pattern has one group, so every second part is a name.
    return Markup("").join(
        Markup('<bdi lang="en" dir="ltr">{}</bdi>').format(part) if index % 2 else part
        for index, part in enumerate(parts)
    )


@cache
def _official_names() -> re.Pattern[str]:
    names = {tribe.name for tribe in terminology.load_tribes().values()}
    # "Navajo Nation, Arizona, New Mexico, & Utah" is known by the part before its States.
    names |= {short for name in names if " " in (short := name.partition(",")[0])}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b")
