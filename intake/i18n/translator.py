"""Turns a message into a language of the pages, escaped, because a translation is untrusted input."""

import gettext
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

from babel.messages.mofile import write_mo
from markupsafe import Markup

from intake.i18n.catalogs import read_catalog
from intake.i18n.locales import SOURCE


@dataclass(frozen=True, slots=True)
class Translator:
    """One locale's messages. Translations are untrusted: what they and the values say is escaped.

    A page says some fifty messages, so each is looked up and escaped once; there are only as many as the pages have.
    """

    catalog: gettext.NullTranslations
    _escaped: dict[str, Markup] = field(default_factory=dict, compare=False, repr=False)

    def gettext(self, message: str, /, **values: object) -> Markup:
        """Return the message in this language, escaped, with %(name)s filled in."""
        found = self._escaped.get(message)
        if found is None:
            found = self._escaped[message] = Markup.escape(self.catalog.gettext(message))
        return found % values if values else found

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> Markup:
        """Return the plural form for `count`, which fills %(count)s."""
        return Markup.escape(self.catalog.ngettext(one, many, count)) % {"count": count, **values}

    def plain(self, message: str, /, **values: object) -> str:
        """Return the message as plain text, for places that escape by themselves."""
        text = self.catalog.gettext(message)
        return text % values if values else text


@cache
def load_translator(tag: str) -> Translator:
    """Return the messages of a locale; its catalog is read on first use, so there is nothing to compile or forget."""
    if tag == SOURCE:
        return Translator(gettext.NullTranslations())
    compiled = BytesIO()
    write_mo(compiled, read_catalog(tag))
    compiled.seek(0)
    return Translator(gettext.GNUTranslations(compiled))
