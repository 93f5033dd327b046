"""`intake i18n`: collects the messages into the catalogs, and checks every language."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from intake.cli.output import print_json, print_message
from intake.i18n import SOURCE, read_ledger
from intake.i18n.catalogs import catalog_tags, existing_tags
from intake.i18n.extraction import UnreadableError, extracted_files, find_stale_files
from intake.i18n.lint import CatalogFault, find_language_faults, find_template_faults
from intake.i18n.locales import normalize_tag
from intake.questions import question_texts
from intake.settings import load_settings
from intake.shipped import TRANSLATIONS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="extract|check")
    extract = actions.add_parser(
        "extract", help="update the template and every catalog from the pages and question sets"
    )
    extract.add_argument(
        "--new",
        default="",
        metavar="TAG",
        help="start the catalog of a language, such as vi or zh-Hans",
    )
    check = actions.add_parser("check", help="find every fault of every offered language")
    check.add_argument(
        "tags", nargs="*", metavar="TAG", help="default: the languages in intake.toml"
    )
    check.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Extract, or check; 1 if there is a fault."""
    if args.action == "extract":
        return _extract_messages(args.new)
    return _check_languages(args.tags, as_json=args.json)


def _extract_messages(new_tag: str) -> int:
    try:
        new_tags = {normalize_tag(new_tag)} if new_tag else set()
    except ValueError as error:
        print_message(f"intake i18n extract: {error}; use a tag such as vi or zh-Hans")
        return 2
    try:
        # All files are complete in memory before the first is written: a catalog that cannot
        # be read must not leave the others half updated.
        files = list(extracted_files({*catalog_tags(TRANSLATIONS), *new_tags}, TRANSLATIONS))
    except UnreadableError as error:
        print_message(f"{error}; nothing was written")
        return 1
    for path, text in files:
        _write_if_changed(path, text)
    return 0


def _write_if_changed(path: Path, text: str) -> None:
    # An unchanged file keeps its time, and its name is not printed.
    if not path.exists() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(path)


def _check_languages(tags: Sequence[str], *, as_json: bool) -> int:
    settings = load_settings()
    messages = [
        text.message
        for question_set in settings.question_sets.values()
        for text in question_texts(question_set)
    ]
    # Translators work without a site: then every language is checked, and not English alone.
    default_tags = settings.languages if settings.directory else existing_tags(TRANSLATIONS)
    faults_by_tag = {
        tag: find_language_faults(tag, messages, TRANSLATIONS) for tag in tags or default_tags
    }
    general_faults = (
        *find_stale_files(catalog_tags(TRANSLATIONS), TRANSLATIONS),
        *find_template_faults(TRANSLATIONS),
    )
    (_print_json if as_json else _print_text)(faults_by_tag, general_faults)
    return 1 if general_faults or any(faults_by_tag.values()) else 0


def _print_text(
    faults_by_tag: Mapping[str, Sequence[CatalogFault]], general_faults: Sequence[CatalogFault]
) -> None:
    for tag, faults in faults_by_tag.items():
        print(f"{tag}: {f'not complete; faults: {len(faults)}' if faults else _describe(tag)}")
    language_faults = (fault for faults in faults_by_tag.values() for fault in faults)
    # Two languages can share a fault, such as one of the ledger; it is printed once.
    for fault in dict.fromkeys([*general_faults, *language_faults]):
        print(fault)


def _describe(tag: str) -> str:
    """Describe a language without faults: its translators and reviewers."""
    if tag == SOURCE:
        return "the language of the messages"
    entry = read_ledger(TRANSLATIONS)[tag]
    review = f"reviewed: {entry.reviewed}" if entry.reviewed else "not reviewed"
    return f"complete; drafted: {entry.drafted}; {review}"


def _print_json(
    faults_by_tag: Mapping[str, Sequence[CatalogFault]], general_faults: Sequence[CatalogFault]
) -> None:
    result = {
        "languages": {tag: _to_dicts(faults) for tag, faults in faults_by_tag.items()},
        "general": _to_dicts(general_faults),
    }
    print_json(result)


def _to_dicts(faults: Sequence[CatalogFault]) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in faults]
