"""Languages of the pages: catalogs read with Babel, escaped, and the direction and own name of each language."""

import gettext
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import babel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

from intake.shipped import TRANSLATIONS

SOURCE = "en"
"""The language of the messages themselves, which needs no catalog."""


@dataclass(frozen=True, slots=True)
class Locale:
    """A language of the pages: BCP 47 tag, direction (`ltr` or `rtl`) and its name in itself."""

    tag: str
    direction: str
    endonym: str


@dataclass(frozen=True, slots=True)
class Translator:
    """One locale's messages. Translations are untrusted: what they and the values say is escaped."""

    catalog: gettext.NullTranslations

    def gettext(self, message: str, /, **values: object) -> Markup:
        """Return the message in this language, escaped, with %(name)s filled in."""
        return _filled(self.catalog.gettext(message), values)

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> Markup:
        """Return the plural form for `count`, which fills %(count)s."""
        return _filled(self.catalog.ngettext(one, many, count), {"count": count, **values})

    def plain(self, message: str, /, **values: object) -> str:
        """Return the message as plain text, for places that escape by themselves."""
        text = self.catalog.gettext(message)
        return text % values if values else text


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    return Markup.escape(text) % values if values else Markup.escape(text)


@cache
def locale(tag: str) -> Locale:
    """Return the locale of a tag such as `es` or `zh-Hans`."""
    known = babel.Locale.parse(tag, sep="-")
    name = known.get_display_name(known) or tag
    return Locale(tag, known.text_direction, name[:1].upper() + name[1:])


def offered(tags: Iterable[str]) -> tuple[Locale, ...]:
    """Return the locales sorted by their own names."""
    return tuple(sorted(map(locale, tags), key=lambda each: each.endonym.casefold()))


@cache
def translator(tag: str) -> Translator:
    """Return the messages of a locale; its catalog is read on first use, so there is nothing to compile or forget."""
    if tag == SOURCE:
        return Translator(gettext.NullTranslations())
    with catalog_file(tag).open("rb") as file:
        catalog = read_po(file, locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translator(gettext.GNUTranslations(compiled))


def catalog_file(tag: str) -> Path:
    """Return where the catalog of a locale is."""
    return TRANSLATIONS / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po"


def ledger() -> Mapping[str, Mapping[str, str]]:
    """Return per catalog who drafted and who reviewed it, and when."""
    return tomllib.loads((TRANSLATIONS / "ledger.toml").read_text("utf-8"))


def month_names(tag: str) -> tuple[str, ...]:
    """Return the twelve months as they stand alone in the language."""
    names = babel.Locale.parse(tag, sep="-").months["stand-alone"]["wide"]
    return tuple(names[number] for number in range(1, 13))


def date_order(tag: str) -> tuple[str, ...]:
    """Return `day`, `month` and `year` in the order in which the language writes a date."""
    pattern = babel.Locale.parse(tag, sep="-").date_formats["short"].pattern
    places = {"day": pattern.find("d"), "month": pattern.find("M"), "year": pattern.find("y")}
    return tuple(sorted(places, key=lambda part: places[part]))
