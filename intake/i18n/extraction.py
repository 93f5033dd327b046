"""Collects the messages: what patients read in the pages' templates and Python, and in the question sets."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

from intake.i18n.catalogs import catalog_file, read_catalog, template_file, written
from intake.i18n.lint import EXTRACT, Fault, name
from intake.i18n.locales import cldr
from intake.questions import QuestionSet, texts
from intake.shipped import CONFIG, TRANSLATIONS

ROOMS = ("patient", "pages")
"""The rooms whose messages are translated; what only staff read is English."""

KEYWORDS = {"_": None, "gettext": None, "plain": None, "N_": None, "ngettext": (1, 2)}
"""The functions that mark a message, and which of their arguments are messages (None: the first)."""

_TAGS = ("Translators:",)
_METHODS: Mapping[str, Any] = {".py": "python", ".html": babel_extract, ".txt": babel_extract}
_PACKAGE = Path(__file__).resolve().parents[1]


def extracted(package: Path = _PACKAGE, questions: Path = CONFIG / "questions") -> Catalog:
    """Return all messages with their files and comments for translators.

    Raises jinja2.TemplateSyntaxError, tokenize.TokenError or msgspec.ValidationError where a file cannot be understood.
    """
    catalog = Catalog(charset="utf-8")
    for room in ROOMS:
        for path in sorted((package / room).rglob("*")):
            _add_code(catalog, path, f"intake/{path.relative_to(package).as_posix()}")
    for path in sorted(questions.glob("*.toml")):
        _add_questions(catalog, path, f"config/questions/{path.name}")
    return catalog


def _add_code(catalog: Catalog, path: Path, name: str) -> None:
    method = _METHODS.get(path.suffix)
    if method is None:
        return
    # Without `silent` Jinja's extractor would leave out a template that it cannot parse, and say nothing.
    options = {"silent": "false"} if method is babel_extract else {}
    for line, message, comments, context in extract_from_file(method, path, KEYWORDS, _TAGS, options):
        catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)


def _add_questions(catalog: Catalog, path: Path, name: str) -> None:
    questions = msgspec.convert(tomllib.loads(path.read_text("utf-8")), QuestionSet)
    for text in texts(questions):
        catalog.add(text.words, None, [(name, 0)], auto_comments=[text.place])


def updated(tag: str, template: Catalog, folder: Path = TRANSLATIONS) -> Catalog:
    """Return the locale's catalog with exactly the template's messages: new ones empty, gone ones left out."""
    before = read_catalog(tag, folder) if catalog_file(tag, folder).exists() else Catalog()
    catalog = Catalog(locale=cldr(tag))
    for message in template:
        known = before.get(message.id) if message.id else None
        # A message that has gained or lost its plural has to be translated anew.
        kept = known if known and isinstance(known.id, str) is isinstance(message.id, str) else None
        if message.id:
            catalog.add(
                message.id,
                kept.string if kept else None,
                message.locations,
                kept.flags if kept else (),
                message.auto_comments,
                kept.user_comments if kept else (),
            )
    return catalog


def files(tags: Collection[str], folder: Path = TRANSLATIONS) -> Iterator[tuple[Path, str]]:
    """Yield the template and the catalogs of `tags` as they have to be: path and text."""
    template = extracted()
    yield template_file(folder), written(template)
    for tag in sorted(tags):
        yield catalog_file(tag, folder), written(updated(tag, template, folder), tag)


def stale(tags: Collection[str], folder: Path = TRANSLATIONS) -> Iterator[Fault]:
    """Yield the template and the catalogs that extracting would change, with the messages that are new to the template."""
    for path, text in files(tags, folder):
        if not path.exists() or path.read_text("utf-8") != text:
            yield Fault(name(path), "", "is older than the pages and the question sets", EXTRACT)
