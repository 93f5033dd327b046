"""The catalog gate: a language is whole or not offered; every fault of a catalog is named at once."""

import gettext
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError

from intake.i18n.catalogs import (
    catalog_file,
    needed_messages,
    plural_forms,
    read_catalog,
    read_template,
    template_file,
)
from intake.i18n.ledger import LedgerEntry, ledger_file, read_ledger
from intake.i18n.locales import SOURCE, cldr_locale
from intake.i18n.rules import Breach, find_text_breaches, find_translation_breaches
from intake.shipped import TRANSLATIONS

EXTRACT_REMEDY = "run `intake i18n extract`"
_UNREADABLE = (OSError, ValueError, PoFileError)
_STANDS_BEHIND = re.compile(r"\S.*, (\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class CatalogFault:
    """What is wrong, in which file, at which message ("" is the file as a whole), and the way out."""

    file: str
    message: str
    what: str
    way_out: str

    def __str__(self) -> str:
        """Say it in one line."""
        message = f'"{self.message}" ' if self.message else ""
        return f"{self.file}: {message}{self.what}; {self.way_out}"


def find_language_faults(
    tag: str, texts: Iterable[str] = (), folder: Path = TRANSLATIONS
) -> tuple[CatalogFault, ...]:
    """Return every fault that keeps a language from being offered; with none it is whole.

    `texts` are messages that the template may not know, such as the labels of a site's own question sets.
    """
    if tag == SOURCE:
        return ()
    try:
        cldr_locale(tag)
        template, catalog = read_template(folder), read_catalog(tag, folder)
    except _UNREADABLE as error:
        way_out = f"mend it, or begin with `intake i18n extract --new {tag}`"
        return (
            CatalogFault(
                display_path(catalog_file(tag, folder)), "", f"cannot be read: {error}", way_out
            ),
            *find_ledger_faults(tag, folder),
        )
    return (*find_catalog_faults(tag, catalog, template, texts), *find_ledger_faults(tag, folder))


def find_template_faults(folder: Path = TRANSLATIONS) -> Iterator[CatalogFault]:
    """Yield what is wrong with the messages themselves, which every translation would inherit."""
    file = display_path(template_file(folder))
    try:
        template = read_template(folder)
    except _UNREADABLE as error:
        yield CatalogFault(file, "", f"cannot be read: {error}", EXTRACT_REMEDY)
        return
    for message in template:
        for text in _strings(message.id):
            yield from (
                CatalogFault(file, text, each.what, each.way_out)
                for each in find_text_breaches(text)
            )


def find_catalog_faults(
    tag: str, catalog: Catalog, template: Catalog, texts: Iterable[str] = ()
) -> Iterator[CatalogFault]:
    """Yield what is wrong with a catalog, measured against the template and the rules of its language."""
    file = display_path(catalog_file(tag))
    count, rule = plural_forms(tag)
    if (catalog.num_plurals, catalog.plural_expr) != (count, rule):
        yield CatalogFault(
            file, "", f"has other plural forms than nplurals={count}; plural={rule}", EXTRACT_REMEDY
        )
    singular = _singular_forms(count, rule)
    wanted = {_strings(message.id)[0]: message for message in needed_messages(tag, template)}
    for message in wanted.values():
        for each in _message_breaches(message, catalog.get(message.id), tag, singular):
            yield CatalogFault(file, _strings(message.id)[0], each.what, each.way_out)
    for message in catalog:
        if message.id and (said := _strings(message.id)[0]) not in wanted:
            yield CatalogFault(file, said, "is no longer on any page", EXTRACT_REMEDY)
    for text in sorted(text for text in set(texts) if text not in template):
        way_out = f"keep to the shipped wording, or take '{tag}' out of languages in intake.toml"
        yield CatalogFault(file, text, "is this site's own wording and has no translation", way_out)


def find_ledger_faults(tag: str, folder: Path = TRANSLATIONS) -> Iterator[CatalogFault]:
    """Yield what the ledger lacks for a language."""
    file = display_path(ledger_file())
    try:
        entry = read_ledger(folder).get(tag)
    except _UNREADABLE as error:
        yield CatalogFault(file, "", f"cannot be read: {error}", "mend it")
        return
    if entry is None:
        yield CatalogFault(
            file,
            "",
            f"has no entry [{tag}]",
            'say who drafted the catalog and when: drafted = "Ana Ruiz, 2026-12-01"',
        )
        return
    yield from (
        CatalogFault(file, "", f"[{tag}] {each.what}", each.way_out)
        for each in _entry_breaches(entry)
    )


def display_path(path: Path) -> str:
    """Return how a fault names one of the files under translations/."""
    return (
        path.relative_to(TRANSLATIONS.parent).as_posix()
        if path.is_relative_to(TRANSLATIONS)
        else str(path)
    )


def _strings(value: str | Collection[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(each or "" for each in value or ("",))


def _message_breaches(
    message: Message, known: Message | None, tag: str, singular: Mapping[int, bool]
) -> Iterator[Breach]:
    if known is None:
        yield Breach("is missing", EXTRACT_REMEDY)
        return
    sources, forms = _strings(message.id), _strings(known.string)
    expected = len(singular) if message.pluralizable else 1
    if known.fuzzy:
        yield Breach("is marked fuzzy", "check the translation, then take the mark away")
    if len(forms) != expected or known.pluralizable is not message.pluralizable:
        yield Breach(f"has {len(forms)} forms where the message has {expected}", EXTRACT_REMEDY)
        return
    for number, form in enumerate(forms):
        may_omit = ("count",) if message.pluralizable and singular[number] else ()
        yield from _form_breaches(sources[-1], form, tag, may_omit)


def _form_breaches(source: str, form: str, tag: str, may_omit: Collection[str]) -> Iterator[Breach]:
    if not form.strip():
        yield Breach("has no translation", "translate it")
    else:
        yield from find_translation_breaches(
            source, form, cldr_locale(tag).language, may_omit=may_omit
        )


def _singular_forms(count: int, expression: str) -> Mapping[int, bool]:
    """Return for each plural form whether it stands for one number only, so that the number need not be said."""
    numbers = Counter(map(gettext.c2py(expression), range(200)))
    return {form: numbers[form] == 1 for form in range(count)}


def _entry_breaches(entry: LedgerEntry) -> Iterator[Breach]:
    for key, said in (("drafted", entry.drafted), ("reviewed", entry.reviewed)):
        if (said or key == "drafted") and _day(said) is None:
            yield Breach(
                f"{key}: '{said}' does not say by whom and when", f'write {key} = "who, 2026-12-01"'
            )
    drafted, reviewed = _day(entry.drafted), _day(entry.reviewed)
    if drafted and reviewed and reviewed < drafted:
        yield Breach(
            "was reviewed before it was drafted",
            "have the present text reviewed, or take `reviewed` away",
        )


def _day(said: str) -> date | None:
    found = _STANDS_BEHIND.fullmatch(said)
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None
