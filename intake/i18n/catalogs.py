"""The catalog of each language: where it is, and how it is read and written."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural
from babel.messages.pofile import generate_po, read_po

from intake.i18n.locales import SOURCE, cldr_locale, language_names
from intake.shipped import CONFIG, TRANSLATIONS

LANGUAGE_TABLE = "terminology/languages.json"
"""The table of the languages that a patient can prefer, relative to config/."""

# Babel exchanges the last two Arabic forms (11 to 99, and 100). Every translator's tool has them
# in this order.
_PLURAL_FORMS: Mapping[str, tuple[int, str]] = {
    "ar": (6, "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)"),
}


def template_file(folder: Path = TRANSLATIONS) -> Path:
    """Return the path of the template of all catalogs."""
    return folder / "messages.pot"


def catalog_file(tag: str, folder: Path = TRANSLATIONS) -> Path:
    """Return the path of a locale's catalog."""
    return folder / _folder_name(tag) / "LC_MESSAGES" / "messages.po"


def catalog_tags(folder: Path = TRANSLATIONS) -> tuple[str, ...]:
    """Return the tags of all catalogs in the folder."""
    return tuple(
        sorted(
            path.parent.parent.name.replace("_", "-")
            for path in folder.glob("*/LC_MESSAGES/messages.po")
        )
    )


def existing_tags(folder: Path = TRANSLATIONS) -> tuple[str, ...]:
    """Return the tags of all languages that pages can have: the source, then the catalogs."""
    return (SOURCE, *catalog_tags(folder))


def read_template(folder: Path = TRANSLATIONS) -> Catalog:
    """Return the template; raises OSError or PoFileError."""
    with template_file(folder).open("rb") as file:
        return read_po(file, abort_invalid=True)


def read_catalog(tag: str, folder: Path = TRANSLATIONS) -> Catalog:
    """Return the catalog of a locale; raises OSError or PoFileError."""
    with catalog_file(tag, folder).open("rb") as file:
        return read_po(file, locale=_folder_name(tag), abort_invalid=True)


def needed_messages(tag: str, template: Catalog) -> Iterator[Message]:
    """Yield the messages of the template that the locale's catalog must have.

    Language names that CLDR has in the locale are left out.
    """
    named_by_cldr = language_names(tag)
    for message in template:
        # A name that is also a text of a page needs its translation, whatever CLDR has.
        files = {file for file, _ in message.locations}
        is_language_name = files == {f"config/{LANGUAGE_TABLE}"}
        if message.id and not (
            is_language_name and _language_ids().get(str(message.id)) in named_by_cldr
        ):
            yield message


@cache
def _language_ids() -> Mapping[str, str]:
    """Return the ids of the languages that a patient can prefer, by English name."""
    table = json.loads((CONFIG / LANGUAGE_TABLE).read_text("utf-8"))
    return {name: identity for identity, _, name, *_ in table["rows"]}


def plural_forms(tag: str) -> tuple[int, str]:
    """Return a locale's number of plural forms, and the C expression to select one."""
    plural = get_plural(cldr_locale(tag))
    return _PLURAL_FORMS.get(tag, (plural.num_plurals, plural.plural_expr))


def format_catalog(catalog: Catalog, tag: str = "") -> str:
    """Return the text of a catalog, or of the template if there is no tag.

    It is sorted and has one line per text. It has no dates and no line numbers, so that a diff
    shows changed messages only.
    """
    header = "".join(f'"{line}\\n"\n' for line in _header_lines(tag))
    entries = generate_po(
        catalog,
        omit_header=True,
        ignore_obsolete=True,
        include_lineno=False,
        sort_by="message",
        width=0,
    )
    return f'msgid ""\nmsgstr ""\n{header}\n{"".join(entries).rstrip()}\n'


def _header_lines(tag: str) -> Iterator[str]:
    yield "Project-Id-Version: intake"
    if tag:
        yield f"Language: {_folder_name(tag)}"
    yield "MIME-Version: 1.0"
    yield "Content-Type: text/plain; charset=UTF-8"
    yield "Content-Transfer-Encoding: 8bit"
    if tag:
        count, rule = plural_forms(tag)
        yield f"Plural-Forms: nplurals={count}; plural={rule};"


def _folder_name(tag: str) -> str:
    return tag.replace("-", "_")
