"""Translates messages into a language of the pages and escapes them."""

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
    """The messages of one locale.

    Translations are untrusted input, so messages and values are escaped. A page has some fifty
    messages; each is looked up and escaped once. The cache stays small, because there are only as
    many messages as the pages have.
    """

    catalog: gettext.NullTranslations
    _escaped: dict[str, Markup] = field(default_factory=dict, compare=False, repr=False)

    def gettext(self, message: str, /, **values: object) -> Markup:
        """Return the message in this language, escaped, with %(name)s filled in."""
        escaped = self._escaped.get(message)
        if escaped is None:
            escaped = self._escaped[message] = Markup.escape(self.catalog.gettext(message))
        return escaped % values if values else escaped

    def ngettext(self, singular: str, plural: str, count: int, /, **values: object) -> Markup:
        """Return the plural form for `count`, which fills %(count)s."""
        message = self.catalog.ngettext(singular, plural, count)
        return Markup.escape(message) % {"count": count, **values}

    def plain(self, message: str, /, **values: object) -> str:
        """Return the message as plain text, for callers that escape it themselves."""
        text = self.catalog.gettext(message)
        # Without values a translation may have a bare percent sign.
        return text % values if values else text


@cache
def load_translator(tag: str) -> Translator:
    """Return the translator of a locale.

    It reads and compiles the catalog on first use, so that a deployment has no step for it.
    """
    if tag == SOURCE:
        return Translator(gettext.NullTranslations())
    compiled = BytesIO()
    write_mo(compiled, read_catalog(tag))
    compiled.seek(0)
    return Translator(gettext.GNUTranslations(compiled))
