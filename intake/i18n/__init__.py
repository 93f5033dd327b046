"""Languages of the pages: direction and own name, catalogs read with Babel and escaped, and who stands behind them."""

from intake.i18n.catalogs import catalog_file
from intake.i18n.ledger import Entry, ledger
from intake.i18n.locales import (
    SOURCE,
    Locale,
    date_order,
    language_names,
    locale,
    month_names,
    offered,
)
from intake.i18n.translating import Translator, translator

__all__ = [
    "SOURCE",
    "Entry",
    "Locale",
    "Translator",
    "catalog_file",
    "date_order",
    "language_names",
    "ledger",
    "locale",
    "month_names",
    "offered",
    "translator",
]
