"""`intake check`: reports what is right, wrong and unknown about a site."""

import argparse
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from fhir_client.errors import FhirError
from intake.cli.checks.languages import check_languages
from intake.cli.checks.pages import check_pages
from intake.cli.checks.storage import check_storage
from intake.cli.output import print_json
from intake.cli.site import AUDIT_ACTOR, open_current_database
from intake.clock import Clock, system_clock
from intake.diagnostics.check import CheckOptions, check_server
from intake.diagnostics.findings import (
    Finding,
    Verdict,
    good_finding,
    unknown_finding,
    wrong_finding,
)
from intake.ehr.contacts import record_contact
from intake.settings import Settings, SettingsError, load_site_settings
from intake.settings.site_folder import find_unread_files
from intake.store import audit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--pin",
        action="store_true",
        help="negotiate each server's write strategy again, and pin the result",
    )
    parser.add_argument(
        "--write-test",
        action="store_true",
        help="write to each server's test_patient, read it back and remove it; "
        "the write strategy that succeeds is pinned",
    )


def run(args: argparse.Namespace) -> int:
    """Print every finding; exit code 1 if anything is wrong."""
    findings = find_all(system_clock, CheckOptions(pin=args.pin, write_test=args.write_test))
    printed = _print_json(findings) if args.json else _print_text(findings)
    return 1 if any(finding.verdict is Verdict.WRONG for finding in printed) else 0


def find_all(clock: Clock, options: CheckOptions) -> Iterator[Finding]:
    """Yield each finding as soon as it is known; nothing changes unless `options` say so."""
    try:
        settings = load_site_settings()
    except SettingsError as error:
        # Every fault is reported at once, so that one edit can correct all of them.
        for fault in error.faults:
            yield wrong_finding(
                "configuration",
                fault,
                "Correct it; config/README.md lists every file and key.",
            )
        yield unknown_finding(
            "everything else", "it can be checked when the configuration is correct"
        )
        return
    # The order is that of setting a site up: a fault early in it explains those after it.
    yield good_finding(
        "configuration",
        f"{settings.directory}: FHIR servers {len(settings.servers)}, "
        f"clinics {len(settings.clinics)}, languages {', '.join(settings.languages)}",
    )
    if names := list(find_unread_files(settings)):
        yield unknown_finding(
            "configuration",
            f"what these are for, as nothing reads them: {', '.join(names)}",
            "Is one of them a misspelt file or a copy that a setting should name?",
        )
    yield from check_pages(settings)
    yield from check_languages(settings)
    is_usable = yield from _check_storage(settings, clock)
    yield from _check_servers(settings, clock, options, has_database=is_usable)


def _check_storage(settings: Settings, clock: Clock) -> Generator[Finding, None, bool]:
    """Yield the findings about key and database; return whether both can be used."""
    is_usable = True
    for finding in check_storage(settings, clock):
        if finding.verdict is Verdict.WRONG and finding.about in ("key", "database"):
            is_usable = False
        yield finding
    return is_usable


def _check_servers(
    settings: Settings, clock: Clock, options: CheckOptions, *, has_database: bool
) -> Iterator[Finding]:
    # Only these two options change a server or the store, so only they are audited.
    changes_state = options.pin or options.write_test
    with open_current_database(settings) if has_database else nullcontext() as database:
        for server in settings.servers.values():
            if database is not None and changes_state:
                action = "write-test" if options.write_test else "server-pinned"
                with database.write() as tx:
                    audit.record_action(tx, AUDIT_ACTOR, action, server.id)
            findings: list[Finding] = []
            error = yield from _keep_findings(
                check_server(server, settings, clock, database, options), findings
            )
            # A server with a fault is not well, even if the check came to its end.
            is_wrong = any(finding.verdict is Verdict.WRONG for finding in findings)
            if database is not None and (error is not None or not is_wrong):
                record_contact(database, server.id, error)


def _keep_findings(
    check: Generator[Finding, None, FhirError | None], findings: list[Finding]
) -> Generator[Finding, None, FhirError | None]:
    """Yield the findings of a check, add them to the list, and return the check's error."""
    while True:
        try:
            finding = next(check)
        except StopIteration as end:
            error: FhirError | None = end.value
            return error
        findings.append(finding)
        yield finding


def _print_text(findings: Iterable[Finding]) -> list[Finding]:
    """Print each finding when it arrives: a server that is down takes its time."""
    printed: list[Finding] = []
    for finding in findings:
        if not printed or printed[-1].about != finding.about:
            print(finding.about)
        remedy = f"\n{'':14}→ {finding.way_out}" if finding.way_out else ""
        print(f"  {finding.verdict:<10}  {finding.words}{remedy}", flush=True)
        printed.append(finding)
    counts = _count_verdicts(printed)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return printed


def _print_json(findings: Iterable[Finding]) -> list[Finding]:
    printed = list(findings)
    report: dict[str, Any] = dict(_count_verdicts(printed))
    report["findings"] = [asdict(finding) for finding in printed]
    print_json(report)
    return printed


def _count_verdicts(findings: Iterable[Finding]) -> dict[str, int]:
    verdicts = [finding.verdict for finding in findings]
    return {verdict.value: verdicts.count(verdict) for verdict in Verdict}
