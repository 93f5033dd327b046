"""The languages of the pages: names, direction, catalogs and their drafters."""

from intake.i18n.catalogs import catalog_file, existing_tags
from intake.i18n.ledger import LedgerEntry, read_ledger
from intake.i18n.locales import (
    SOURCE,
    Locale,
    date_order,
    find_locale,
    language_names,
    month_names,
    place_names,
    sorted_locales,
)
from intake.i18n.translator import Translator, load_translator

__all__ = [
    "SOURCE",
    "LedgerEntry",
    "Locale",
    "Translator",
    "catalog_file",
    "date_order",
    "existing_tags",
    "find_locale",
    "language_names",
    "load_translator",
    "month_names",
    "place_names",
    "read_ledger",
    "sorted_locales",
]
