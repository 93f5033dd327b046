"""The catalog gate: finds every fault that keeps a language from being offered."""

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
# PoFileError for broken syntax, OSError for a missing file, ValueError for TOML and tags.
_UNREADABLE = (OSError, ValueError, PoFileError)
# A name, a comma and a day, such as `Ana Ruiz, translator, 2026-12-01`.
_SIGNATURE = re.compile(r"\S.*, (\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class CatalogFault:
    """A fault of a catalog: file, message, `what` is wrong, remedy (`way_out`).

    The message is "" for a fault of the file as a whole.
    """

    file: str
    message: str
    what: str
    way_out: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        message = f'"{self.message}" ' if self.message else ""
        return f"{self.file}: {message}{self.what}; {self.way_out}"


def find_language_faults(
    tag: str, texts: Iterable[str] = (), folder: Path = TRANSLATIONS
) -> tuple[CatalogFault, ...]:
    """Return every fault that keeps a language from being offered.

    `texts` are messages that the template may lack, such as the labels of a site's own question
    sets.
    """
    if tag == SOURCE:
        return ()
    try:
        cldr_locale(tag)
        template, catalog = read_template(folder), read_catalog(tag, folder)
    except _UNREADABLE as error:
        remedy = f"correct it, or begin with `intake i18n extract --new {tag}`"
        return (
            CatalogFault(
                display_path(catalog_file(tag, folder)), "", f"cannot be read: {error}", remedy
            ),
            *find_ledger_faults(tag, folder),
        )
    return (*find_catalog_faults(tag, catalog, template, texts), *find_ledger_faults(tag, folder))


def find_template_faults(folder: Path = TRANSLATIONS) -> Iterator[CatalogFault]:
    """Yield the faults of the messages, which every translation would inherit."""
    file = display_path(template_file(folder))
    try:
        template = read_template(folder)
    except _UNREADABLE as error:
        yield CatalogFault(file, "", f"cannot be read: {error}", EXTRACT_REMEDY)
        return
    for message in template:
        for text in _strings(message.id):
            yield from (
                CatalogFault(file, text, breach.what, breach.way_out)
                for breach in find_text_breaches(text)
            )


def find_catalog_faults(
    tag: str, catalog: Catalog, template: Catalog, texts: Iterable[str] = ()
) -> Iterator[CatalogFault]:
    """Yield a catalog's faults by the template and the rules of its language."""
    file = display_path(catalog_file(tag))
    count, rule = plural_forms(tag)
    # Another rule would put translations on the wrong numbers, whatever they say.
    if (catalog.num_plurals, catalog.plural_expr) != (count, rule):
        yield CatalogFault(
            file, "", f"has other plural forms than nplurals={count}; plural={rule}", EXTRACT_REMEDY
        )
    names_one_number = _forms_for_one_number(count, rule)
    needed = {_strings(message.id)[0]: message for message in needed_messages(tag, template)}
    for text, message in needed.items():
        translation = catalog.get(message.id)
        for breach in _message_breaches(message, translation, tag, names_one_number):
            yield CatalogFault(file, text, breach.what, breach.way_out)
    for message in catalog:
        if message.id and (text := _strings(message.id)[0]) not in needed:
            yield CatalogFault(file, text, "is no longer on any page", EXTRACT_REMEDY)
    for text in sorted(text for text in set(texts) if text not in template):
        remedy = f"keep to the shipped wording, or take '{tag}' out of languages in intake.toml"
        yield CatalogFault(file, text, "is this site's own wording and has no translation", remedy)


def find_ledger_faults(tag: str, folder: Path = TRANSLATIONS) -> Iterator[CatalogFault]:
    """Yield the faults of a language's entry in the ledger."""
    file = display_path(ledger_file())
    try:
        entry = read_ledger(folder).get(tag)
    except _UNREADABLE as error:
        yield CatalogFault(file, "", f"cannot be read: {error}", "correct it")
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
        CatalogFault(file, "", f"[{tag}] {breach.what}", breach.way_out)
        for breach in _entry_breaches(entry)
    )


def display_path(path: Path) -> str:
    """Return the path for a message; shipped files are named relative to the project."""
    return (
        path.relative_to(TRANSLATIONS.parent).as_posix()
        if path.is_relative_to(TRANSLATIONS)
        else str(path)
    )


def _strings(value: str | Collection[str] | None) -> tuple[str, ...]:
    """Return the texts of a message or a translation, one or one per plural form."""
    if isinstance(value, str):
        return (value,)
    return tuple(text or "" for text in value or ("",))


def _message_breaches(
    message: Message, translation: Message | None, tag: str, names_one_number: Mapping[int, bool]
) -> Iterator[Breach]:
    if translation is None:
        yield Breach("is missing", EXTRACT_REMEDY)
        return
    sources, forms = _strings(message.id), _strings(translation.string)
    expected = len(names_one_number) if message.pluralizable else 1
    if translation.fuzzy:
        yield Breach("is marked fuzzy", "check the translation, then take the mark away")
    if len(forms) != expected or translation.pluralizable is not message.pluralizable:
        yield Breach(f"has {len(forms)} forms where the message has {expected}", EXTRACT_REMEDY)
        return
    for number, form in enumerate(forms):
        # "One answer" needs no %(count)s if no other number shares the form.
        may_omit = ("count",) if message.pluralizable and names_one_number[number] else ()
        yield from _form_breaches(sources[-1], form, tag, may_omit)


def _form_breaches(source: str, form: str, tag: str, may_omit: Collection[str]) -> Iterator[Breach]:
    if not form.strip():
        yield Breach("has no translation", "translate it")
        return
    language = cldr_locale(tag).language
    yield from find_translation_breaches(source, form, language, may_omit=may_omit)


def _forms_for_one_number(count: int, expression: str) -> Mapping[int, bool]:
    """Return for each plural form whether it stands for one number only."""
    # The rules of all languages repeat within the first 200 numbers.
    numbers = Counter(map(gettext.c2py(expression), range(200)))
    return {form: numbers[form] == 1 for form in range(count)}


def _entry_breaches(entry: LedgerEntry) -> Iterator[Breach]:
    for key, signature in (("drafted", entry.drafted), ("reviewed", entry.reviewed)):
        # A catalog may wait for its review, but never for its drafter's name.
        if (signature or key == "drafted") and _signed_day(signature) is None:
            yield Breach(
                f"{key}: '{signature}' does not name its author and day",
                f'write {key} = "who, 2026-12-01"',
            )
    drafted, reviewed = _signed_day(entry.drafted), _signed_day(entry.reviewed)
    if drafted and reviewed and reviewed < drafted:
        yield Breach(
            "was reviewed before it was drafted",
            "have the present text reviewed, or take `reviewed` away",
        )


def _signed_day(signature: str) -> date | None:
    match = _SIGNATURE.fullmatch(signature)
    try:
        return date.fromisoformat(match.group(1)) if match else None
    except ValueError:
        return None
