"""`intake check`: says in words what is right, wrong and not known; the faults that only the rooms together show."""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from intake.clock import Clock, system_clock
from intake.sync.probe.findings import Finding, Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Print every finding; exit code 1 where anything is wrong."""
    found = findings(system_clock)
    told = _print_json(found) if args.json else _print(found)
    return 1 if any(each.verdict is Verdict.WRONG for each in told) else 0


def findings(clock: Clock) -> Iterator[Finding]:
    """Yield what is found, part after part, as soon as it is known."""
    from intake.cli.checks.keeping import keeping
    from intake.cli.checks.languages import languages
    from intake.cli.checks.pages import pages
    from intake.settings import SettingsError, load
    from intake.sync.probe.findings import good, unknown, wrong
    from intake.sync.probe.looking import look

    try:
        settings = load()
    except SettingsError as error:
        for fault in error.faults:
            yield wrong("configuration", fault, "Correct it there; the shipped file of that name shows every key.")
        yield unknown("everything else", "it can be looked at when the configuration can be read")
        return
    place = settings.directory or "the shipped files alone"
    servers, clinics = len(settings.servers), len(settings.clinics)
    yield good(
        "configuration", f"{place}: FHIR servers {servers}, clinics {clinics}, languages {', '.join(settings.languages)}"
    )
    yield from pages(settings)
    yield from languages(settings)
    yield from keeping(settings, clock)
    for server in settings.servers.values():
        yield from look(server, settings, clock)


def _print(found: Iterable[Finding]) -> list[Finding]:
    told: list[Finding] = []
    for each in found:
        if not told or told[-1].about != each.about:
            print(each.about)
        way_out = f"\n{'':13}→ {each.way_out}" if each.way_out else ""
        print(f"  {each.verdict:<9}  {each.words}{way_out}", flush=True)
        told.append(each)
    print(", ".join(f"{count} {verdict}" for verdict, count in _counts(told).items()))
    return told


def _print_json(found: Iterable[Finding]) -> list[Finding]:
    told = list(found)
    print(json.dumps({**_counts(told), "findings": [asdict(each) for each in told]}, ensure_ascii=False, indent=1))
    return told


def _counts(told: Iterable[Finding]) -> dict[Verdict, int]:
    verdicts = [each.verdict for each in told]
    return {verdict: verdicts.count(verdict) for verdict in Verdict}
