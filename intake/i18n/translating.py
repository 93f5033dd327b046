"""Turns a message into a language of the pages, escaped, because a translation is untrusted input."""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from babel.messages.mofile import write_mo
from markupsafe import Markup

from intake.i18n.catalogs import read_catalog
from intake.i18n.locales import SOURCE


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
def translator(tag: str) -> Translator:
    """Return the messages of a locale; its catalog is read on first use, so there is nothing to compile or forget."""
    if tag == SOURCE:
        return Translator(gettext.NullTranslations())
    compiled = BytesIO()
    write_mo(compiled, read_catalog(tag))
    compiled.seek(0)
    return Translator(gettext.GNUTranslations(compiled))
