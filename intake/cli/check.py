"""`intake check`: says in words what is right, wrong and not known; the faults that only the rooms together show."""

import argparse
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict

from intake.clock import Clock, system_clock
from intake.diagnostics.findings import Finding, Verdict
from intake.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--pin", action="store_true", help="find anew how each server is written to, and pin it"
    )
    parser.add_argument(
        "--write-test",
        action="store_true",
        help="write to each server's test_patient, read it back and take it away; the way that went through is pinned",
    )


def run(args: argparse.Namespace) -> int:
    """Print every finding; exit code 1 where anything is wrong."""
    found = findings(system_clock, pin=args.pin, write=args.write_test)
    told = _print_json(found) if args.json else _print(found)
    return 1 if any(each.verdict is Verdict.WRONG for each in told) else 0


def findings(clock: Clock, *, pin: bool = False, write: bool = False) -> Iterator[Finding]:
    """Yield what is found, part after part, as soon as it is known; only with `pin` and `write` anything is changed."""
    from intake.cli.checks.languages import check_languages
    from intake.cli.checks.pages import check_pages
    from intake.diagnostics.findings import good_finding, unknown_finding, wrong_finding
    from intake.settings import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as error:
        for fault in error.faults:
            yield wrong_finding(
                "configuration",
                fault,
                "Correct it there; the shipped file of that name shows every key.",
            )
        yield unknown_finding(
            "everything else", "it can be looked at when the configuration can be read"
        )
        return
    place = settings.directory or "the shipped files alone"
    servers, clinics = len(settings.servers), len(settings.clinics)
    yield good_finding(
        "configuration",
        f"{place}: FHIR servers {servers}, clinics {clinics}, languages {', '.join(settings.languages)}",
    )
    yield from check_pages(settings)
    yield from check_languages(settings)
    sound = yield from _kept(settings, clock)
    yield from _servers(settings, clock, sound=sound, pin=pin, write=write)


def _kept(settings: Settings, clock: Clock) -> Generator[Finding, None, bool]:
    """Yield what is found of key and database; return whether both can be used."""
    from intake.cli.checks.storage import check_storage

    sound = True
    for each in check_storage(settings, clock):
        sound = sound and not (each.verdict is Verdict.WRONG and each.about in ("key", "database"))
        yield each
    return sound


def _servers(
    settings: Settings, clock: Clock, *, sound: bool, pin: bool, write: bool
) -> Iterator[Finding]:
    from intake.cli.site import open_current_database
    from intake.cli.users import AUDIT_ACTOR
    from intake.diagnostics.check import CheckOptions, check_server
    from intake.store import audit

    with open_current_database(settings) if sound else nullcontext() as database:
        for server in settings.servers.values():
            if database is not None and (pin or write):
                with database.write() as tx:
                    audit.record_action(
                        tx, AUDIT_ACTOR, "write-test" if write else "server-pinned", server.id
                    )
            yield from check_server(server, settings, clock, database, CheckOptions(pin, write))


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
    print(
        json.dumps(
            {**_counts(told), "findings": [asdict(each) for each in told]},
            ensure_ascii=False,
            indent=1,
        )
    )
    return told


def _counts(told: Iterable[Finding]) -> dict[Verdict, int]:
    verdicts = [each.verdict for each in told]
    return {verdict: verdicts.count(verdict) for verdict in Verdict}
