"""`intake i18n`: collect the messages into the catalogs, and find every fault of every language."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intake.cli.site import print_message
from intake.shipped import TRANSLATIONS

if TYPE_CHECKING:
    from intake.i18n.lint import CatalogFault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    what = parser.add_subparsers(dest="what", required=True, metavar="extract|check")
    extract = what.add_parser(
        "extract", help="bring the template and every catalog up to the pages and the question sets"
    )
    extract.add_argument(
        "--new",
        default="",
        metavar="TAG",
        help="begin the catalog of a language, such as vi or zh-Hans",
    )
    check = what.add_parser("check", help="find every fault of every offered language")
    check.add_argument(
        "tags", nargs="*", metavar="TAG", help="default: the languages in intake.toml"
    )
    check.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Extract, or check: 1 where a fault was found."""
    return _extract(args.new) if args.what == "extract" else _check(args.tags, as_json=args.json)


def _extract(new: str) -> int:
    from intake.i18n.catalogs import catalog_tags
    from intake.i18n.extraction import UnreadableError, extracted_files
    from intake.i18n.locales import normalize_tag

    try:
        added = {normalize_tag(new)} if new else set()
    except ValueError as error:
        print_message(f"intake i18n extract: {error}; use a tag such as vi or zh-Hans")
        return 2
    try:
        to_write = list(extracted_files({*catalog_tags(TRANSLATIONS), *added}, TRANSLATIONS))
    except UnreadableError as error:
        print_message(f"{error}; nothing was written")
        return 1
    for path, text in to_write:
        _write(path, text)
    return 0


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(path)


def _check(tags: Sequence[str], *, as_json: bool) -> int:
    from intake.i18n.catalogs import catalog_tags
    from intake.i18n.extraction import find_stale_files
    from intake.i18n.lint import find_language_faults, find_template_faults
    from intake.questions import question_texts
    from intake.settings import load_settings

    settings = load_settings()
    asked = [
        text.message for each in settings.question_sets.values() for text in question_texts(each)
    ]
    found = {
        tag: find_language_faults(tag, asked, TRANSLATIONS) for tag in tags or settings.languages
    }
    general = (
        *find_stale_files(catalog_tags(TRANSLATIONS), TRANSLATIONS),
        *find_template_faults(TRANSLATIONS),
    )
    (_print_json if as_json else _print)(found, general)
    return 1 if general or any(found.values()) else 0


def _print(
    found: Mapping[str, "Sequence[CatalogFault]"], general: "Sequence[CatalogFault]"
) -> None:
    for tag, faults in found.items():
        print(f"{tag}: {f'not whole; faults: {len(faults)}' if faults else _standing(tag)}")
    for fault in dict.fromkeys([*general, *(each for faults in found.values() for each in faults)]):
        print(fault)


def _standing(tag: str) -> str:
    from intake.i18n import SOURCE, read_ledger

    if tag == SOURCE:
        return "the language of the messages"
    entry = read_ledger(TRANSLATIONS)[tag]
    return f"whole; drafted: {entry.drafted}; {f'reviewed: {entry.reviewed}' if entry.reviewed else 'not reviewed'}"


def _print_json(
    found: Mapping[str, "Sequence[CatalogFault]"], general: "Sequence[CatalogFault]"
) -> None:
    told = {
        "languages": {tag: _as_dicts(faults) for tag, faults in found.items()},
        "general": _as_dicts(general),
    }
    print(json.dumps(told, ensure_ascii=False, indent=2))


def _as_dicts(faults: "Sequence[CatalogFault]") -> list[dict[str, Any]]:
    return [asdict(fault) for fault in faults]
