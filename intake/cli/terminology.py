"""`intake terminology`: what a patient's search finds, for translators and tests."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from intake import i18n
from intake.cli.output import print_message
from intake.patient import searches
from intake.questions import QuestionKind
from intake.settings import Settings, load_settings
from intake.terminology import Hit, load_concepts, load_languages, load_tribes

KINDS = ("race", "language", "tribe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="search")
    search = actions.add_parser("search", help="show what each word finds, best first")
    search.add_argument("--kind", required=True, choices=KINDS, help="the table to search")
    search.add_argument(
        "--locale", default="en", metavar="TAG", help="language of the names shown (en)"
    )
    search.add_argument(
        "--chosen",
        action="append",
        default=[],
        metavar="GROUP",
        help="a group the patient chose, such as 2106-3; may be repeated",
    )
    search.add_argument("--json", action="store_true", help="one JSON array per word")
    search.add_argument("words", nargs="+", metavar="WORD", help="what a patient types")


def run(args: argparse.Namespace) -> int:
    """Print the hits of each word; exit code 2 if the pages have no such language."""
    settings = load_settings()
    if args.locale not in i18n.existing_tags():
        offered = ", ".join(i18n.existing_tags())
        print_message(f"intake terminology search: --locale {args.locale}: not one of {offered}")
        return 2
    for word in args.words:
        hits = [*_find_hits(settings, args.kind, args.locale, word, args.chosen)]
        if args.json:
            print(json.dumps(hits, ensure_ascii=False))
        else:
            _print_hits(word, hits)
    return 0


def _print_hits(word: str, hits: Sequence[dict[str, str | None]]) -> None:
    print(f"{word}:" if hits else f"{word}: nothing found")
    for hit in hits:
        group = f" ({hit['group']})" if hit["group"] else ""
        sys.stdout.write(f"  {hit['id']:<10} {hit['name']}{group}: {hit['why']}\n")


def _find_hits(
    settings: Settings, kind: str, locale: str, word: str, chosen: Sequence[str]
) -> Iterator[dict[str, str | None]]:
    if kind == "race":
        yield from _find_races(settings, locale, word, chosen)
        return
    if kind == "tribe":
        hits, names = searches.tribe_search().find_hits(word), _tribe_name
    else:
        hits = searches.language_search().find_hits(word)
        names = partial(_language_name, locale)
    for hit in hits:
        yield _describe_hit(hit, names(hit.id))


def _find_races(
    settings: Settings, locale: str, word: str, chosen: Sequence[str]
) -> Iterator[dict[str, str | None]]:
    """Yield the hits of every question that asks for groups."""
    for question in settings.question_set.questions:
        if question.kind is QuestionKind.GROUPS:
            labels = searches.page_labels(question, locale)
            for hit in searches.race_search(question).find_hits(word, chosen):
                name = labels.get(hit.id) or load_concepts()[hit.id].display
                yield _describe_hit(hit, name, labels.get(hit.group or ""))


def _describe_hit(hit: Hit, name: str, group: str | None = None) -> dict[str, str | None]:
    why = hit.reason.value if hit.matched == name else f"{hit.reason.value}: {hit.matched}"
    return {"id": hit.id, "name": name, "group": group, "group_id": hit.group, "why": why}


def _language_name(locale: str, language_id: str) -> str:
    names, language = searches.language_names(locale), load_languages()[language_id]
    name = names[language_id]
    return name if name == language.endonym else f"{language.endonym} – {name}"


def _tribe_name(code: str) -> str:
    return load_tribes()[code].name
