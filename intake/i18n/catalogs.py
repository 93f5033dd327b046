"""The catalog of each language: where it is, how it is read, and how it is written so that a diff is a real change."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural
from babel.messages.pofile import generate_po, read_po

from intake.i18n.locales import cldr_locale, language_names
from intake.shipped import CONFIG, TRANSLATIONS

LANGUAGE_TABLE = "terminology/languages.json"
"""Where under config/ the languages are that a person can prefer."""

# Babel's own table has the forms for 11 to 99 and for 100 the other way round than every translator's tool.
_PLURALS: Mapping[str, tuple[int, str]] = {
    "ar": (6, "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)"),
}


def template_file(folder: Path = TRANSLATIONS) -> Path:
    """Return where the template of all catalogs is."""
    return folder / "messages.pot"


def catalog_file(tag: str, folder: Path = TRANSLATIONS) -> Path:
    """Return where the catalog of a locale is."""
    return folder / _directory(tag) / "LC_MESSAGES" / "messages.po"


def catalog_tags(folder: Path = TRANSLATIONS) -> tuple[str, ...]:
    """Return the tags of all catalogs that are there."""
    return tuple(
        sorted(
            path.parent.parent.name.replace("_", "-")
            for path in folder.glob("*/LC_MESSAGES/messages.po")
        )
    )


def read_template(folder: Path = TRANSLATIONS) -> Catalog:
    """Return the template; raises OSError or PoFileError."""
    with template_file(folder).open("rb") as file:
        return read_po(file, abort_invalid=True)


def read_catalog(tag: str, folder: Path = TRANSLATIONS) -> Catalog:
    """Return the catalog of a locale; raises OSError or PoFileError."""
    with catalog_file(tag, folder).open("rb") as file:
        return read_po(file, locale=_directory(tag), abort_invalid=True)


def needed_messages(tag: str, template: Catalog) -> Iterator[Message]:
    """Yield the messages of the template that a locale's catalog has: all but the names of languages that CLDR has in it."""
    for message in template:
        places = {place for place, _ in message.locations}
        if message.id and not (
            places == {f"config/{LANGUAGE_TABLE}"}
            and _ids().get(str(message.id)) in language_names(tag)
        ):
            yield message


@cache
def _ids() -> Mapping[str, str]:
    """Return the ids of the languages that a person can prefer, by their English names."""
    return {
        name: identity
        for identity, _, name, *_ in json.loads((CONFIG / LANGUAGE_TABLE).read_text("utf-8"))[
            "rows"
        ]
    }


def plural_forms(tag: str) -> tuple[int, str]:
    """Return how many plural forms a locale has, and the expression in C that finds the one for `n`."""
    known = get_plural(cldr_locale(tag))
    return _PLURALS.get(tag, (known.num_plurals, known.plural_expr))


def format_catalog(catalog: Catalog, tag: str = "") -> str:
    """Return the text of a catalog, of the template without a tag: sorted, one line a text, no dates, no line numbers."""
    header = "".join(f'"{line}\\n"\n' for line in _header(tag))
    entries = generate_po(
        catalog,
        omit_header=True,
        ignore_obsolete=True,
        include_lineno=False,
        sort_by="message",
        width=0,
    )
    return f'msgid ""\nmsgstr ""\n{header}\n{"".join(entries).rstrip()}\n'


def _header(tag: str) -> Iterator[str]:
    yield "Project-Id-Version: intake"
    if tag:
        yield f"Language: {_directory(tag)}"
    yield "MIME-Version: 1.0"
    yield "Content-Type: text/plain; charset=UTF-8"
    yield "Content-Transfer-Encoding: 8bit"
    if tag:
        count, rule = plural_forms(tag)
        yield f"Plural-Forms: nplurals={count}; plural={rule};"


def _directory(tag: str) -> str:
    return tag.replace("-", "_")
