"""Collects the messages for patients from templates, code and question sets."""

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import msgspec
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import PoFileError
from jinja2 import TemplateSyntaxError
from jinja2.ext import babel_extract

from intake.i18n.catalogs import (
    LANGUAGE_TABLE,
    catalog_file,
    format_catalog,
    needed_messages,
    read_catalog,
    template_file,
)
from intake.i18n.lint import EXTRACT_REMEDY, CatalogFault, display_path
from intake.i18n.locales import SOURCE, cldr_locale, language_names
from intake.questions import QuestionSet, question_texts
from intake.shipped import CONFIG, TRANSLATIONS

TRANSLATED_ROOMS = ("patient", "pages")
"""The rooms whose messages are translated; staff pages are in English."""

KEYWORDS = {"_": None, "gettext": None, "plain": None, "N_": None, "ngettext": (1, 2)}
"""The functions that mark a message, and their arguments that are messages (None: the first)."""

_COMMENT_TAGS = ("Translators:",)
# Babel reads Python itself; Jinja brings the extractor for templates.
_METHODS: Mapping[str, Any] = {".py": "python", ".html": babel_extract, ".txt": babel_extract}
_PACKAGE = Path(__file__).resolve().parents[1]


class UnreadableError(Exception):
    """A page, a question set or a catalog cannot be read, so nothing is extracted."""

    def __init__(self, file: str, reason: object) -> None:
        """Keep the file and the reason."""
        self.file, self.reason = file, str(reason)
        super().__init__(f"{file}: {reason}")


def extract_messages(
    tags: Collection[str] = (), package: Path = _PACKAGE, config: Path = CONFIG
) -> Catalog:
    """Return all messages for catalogs in `tags`, with comments for translators.

    Raises UnreadableError.
    """
    catalog = Catalog(charset="utf-8")
    for room in TRANSLATED_ROOMS:
        for path in sorted((package / room).rglob("*")):
            _add_code(catalog, path, f"intake/{path.relative_to(package).as_posix()}")
    for path in sorted((config / "questions").glob("*.toml")):
        _add_questions(catalog, path, f"config/questions/{path.name}")
    _add_languages(catalog, tags, config / LANGUAGE_TABLE)
    return catalog


def _add_code(catalog: Catalog, path: Path, name: str) -> None:
    method = _METHODS.get(path.suffix)
    if method is None:
        return
    # By default Jinja's extractor skips a template that it cannot parse, without an error.
    options = {"silent": "false"} if method is babel_extract else {}
    try:
        for line, message, comments, context in extract_from_file(
            method, path, KEYWORDS, _COMMENT_TAGS, options
        ):
            catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)
    except (TemplateSyntaxError, TokenError, SyntaxError, UnicodeDecodeError) as error:
        raise UnreadableError(name, error) from error


def _add_questions(catalog: Catalog, path: Path, name: str) -> None:
    try:
        questions = msgspec.convert(tomllib.loads(path.read_text("utf-8")), QuestionSet)
    except ValueError as error:
        raise UnreadableError(name, error) from error
    # Line 0: the file alone is named, so that moved questions change no catalog.
    for text in question_texts(questions):
        catalog.add(text.message, None, [(name, 0)], auto_comments=[text.location])


def _add_languages(catalog: Catalog, tags: Collection[str], path: Path) -> None:
    """Add the names of the languages that CLDR lacks in English or in one of `tags`."""
    names_by_tag = [language_names(tag) for tag in (SOURCE, *tags)]
    for identity, _, name, *_ in json.loads(path.read_text("utf-8"))["rows"]:
        if not all(identity in names for names in names_by_tag):
            catalog.add(
                name,
                None,
                [(f"config/{LANGUAGE_TABLE}", 0)],
                auto_comments=["a language that people may prefer"],
            )


def update_catalog(tag: str, template: Catalog, folder: Path = TRANSLATIONS) -> Catalog:
    """Return the locale's catalog with exactly the messages that it needs.

    New messages have no translation yet, and obsolete messages are left out.
    """
    old_catalog = _read_old_catalog(tag, folder)
    catalog = Catalog(locale=cldr_locale(tag))
    for message in needed_messages(tag, template):
        old = old_catalog.get(message.id)
        # A message that has gained or lost its plural must be translated again.
        if old and isinstance(old.id, str) is not isinstance(message.id, str):
            old = None
        catalog.add(
            message.id,
            old.string if old else None,
            message.locations,
            old.flags if old else (),
            message.auto_comments,
            old.user_comments if old else (),
        )
    return catalog


def _read_old_catalog(tag: str, folder: Path) -> Catalog:
    path = catalog_file(tag, folder)
    try:
        return read_catalog(tag, folder) if path.exists() else Catalog()
    except (PoFileError, ValueError) as error:
        raise UnreadableError(display_path(path), error) from error


def extracted_files(
    tags: Collection[str], folder: Path = TRANSLATIONS
) -> Iterator[tuple[Path, str]]:
    """Yield path and new text of the template and of the catalogs of `tags`.

    Raises UnreadableError.
    """
    template = extract_messages(tags)
    yield template_file(folder), format_catalog(template)
    for tag in sorted(tags):
        yield catalog_file(tag, folder), format_catalog(update_catalog(tag, template, folder), tag)


def find_stale_files(tags: Collection[str], folder: Path = TRANSLATIONS) -> Iterator[CatalogFault]:
    """Yield a fault for the template and each catalog that extraction would change."""
    try:
        for path, text in extracted_files(tags, folder):
            # Compared as text: any difference is one that a translator should see.
            if not path.exists() or path.read_text("utf-8") != text:
                yield CatalogFault(
                    display_path(path),
                    "",
                    "is older than the pages and the question sets",
                    EXTRACT_REMEDY,
                )
    except UnreadableError as error:
        yield CatalogFault(error.file, "", f"cannot be read: {error.reason}", "correct it")
