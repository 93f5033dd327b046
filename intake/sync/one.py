"""One submission's way: write, accept, read back, verify; and for each fault what it means for the row."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from fhir_client.client import Client
from fhir_client.errors import ChartChanged, Conflict, FhirError, Gone, PatientProblem, Refused, ServerFault, Temporary
from fhir_client.uscore.statement import Statement
from fhir_client.writing.check import InvalidBundle
from fhir_client.writing.transaction import Difference, Writer, Written, read_back, write
from intake.clock import Clock
from intake.settings import Server, Settings
from intake.store import claims, servers, visits
from intake.store.claims import Claimed
from intake.store.database import Database
from intake.store.submissions import Status
from intake.sync.backoff import Chance, delay
from intake.sync.log import logger
from intake.sync.mapping import UnknownAnswer, statement

PAUSE = timedelta(minutes=1)
ALONE_AT_FAULT = timedelta(days=1)
"""A row that the server failed for so long while others passed is held: the fault is the row's own."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker has at hand for one server."""

    settings: Settings
    server: Server
    database: Database
    client: Client
    writer: Writer
    clock: Clock
    chance: Chance


def deliver(bench: Bench, claimed: Claimed) -> None:
    """Bring one claimed submission as far as it goes; every outcome is in its row when this returns."""
    try:
        said = _said(bench, claimed)
        _deliver(bench, claimed, said)
    except (Temporary, Conflict) as error:
        _wait(bench, claimed, error)
    except ServerFault as error:
        _pause(bench, claimed, error)
    except ChartChanged as error:
        _hold(bench, claimed, "chart-changed", error.words)
    except (PatientProblem, Gone) as error:
        _hold(bench, claimed, "patient", f"{error.words} Find the right chart and enter the answers there.")
    except Refused as error:
        _hold(bench, claimed, "refused", f"{error.words} Ask the EHR's support, then retry.")
    except (InvalidBundle, UnknownAnswer) as error:
        _hold(bench, claimed, "invalid", f"This cannot be written: {error}. Report it, then retry after the mend.")


def _said(bench: Bench, claimed: Claimed) -> Statement:
    questions = bench.settings.question_sets.get(claimed.submission.question_set)
    if questions is None:
        raise UnknownAnswer(f"question_set: there is no '{claimed.submission.question_set}'")
    clinic = bench.settings.clinics.get(claimed.row.clinic)
    organization = clinic.organization if clinic else None
    return statement(claimed.submission, questions, bench.settings.mapping, organization)


def _deliver(bench: Bench, claimed: Claimed, said: Statement) -> None:
    if claimed.row.status is not Status.ACCEPTED:
        written = write(bench.client, bench.writer, said, base=_base(bench, claimed), first=claimed.first)
        if not _accept(bench, claimed, written):
            return
        said = replace(said, patient=written.patient)
    differences = read_back(bench.client, bench.writer, said)
    if differences:
        _mismatch(bench, claimed, differences)
        return
    with bench.database.write() as tx:
        kept = claims.verify(tx, claimed)
        servers.succeeded(tx, bench.server.id)
    _told(bench, claimed, "verified" if kept else "lease-lost")


def _base(bench: Bench, claimed: Claimed) -> dict[str, object] | None:
    if claimed.visit is None:
        return None
    with bench.database.read() as tx:
        visit = visits.get(tx, claimed.visit)
        mended = claims.was_sent_before(tx, claimed)
    # After an earlier submission of the same visit the chart differs from the base because we changed it.
    return None if visit is None or visit.base is None or mended else dict(visit.base)


def _accept(bench: Bench, claimed: Claimed, written: Written) -> bool:
    with bench.database.write() as tx:
        kept = claims.accept(tx, claimed, earlier=written.earlier)
    _told(bench, claimed, "accepted" if kept else "lease-lost")
    return kept


def _mismatch(bench: Bench, claimed: Claimed, differences: tuple[Difference, ...]) -> None:
    names = ", ".join(each.element for each in differences)
    words = f"The server took it, but does not read back the same: {names}. Compare with the chart, then retry."
    _hold(bench, claimed, "mismatch", words, json.dumps([asdict(each) for each in differences], default=str))


def _wait(bench: Bench, claimed: Claimed, error: FhirError) -> None:
    now = bench.clock()
    with bench.database.read() as tx:
        last_success = servers.state(tx, bench.server.id).last_success
    waited = now - claimed.row.queued_at
    others_pass = last_success is not None and now - last_success < ALONE_AT_FAULT
    if waited > ALONE_AT_FAULT and others_pass and error.status is not None and error.status >= 500:
        _hold(bench, claimed, "fails-alone", f"{error.words} It fails for a day while others pass. Ask the EHR's support.")
        return
    asked = error.retry_after if isinstance(error, Temporary) else None
    until = now + delay(claimed.row.attempts + 1, bench.chance, asked)
    with bench.database.write() as tx:
        claims.wait(tx, claimed, until=until, reason=_reason(error), words=error.words)
    _told(bench, claimed, "waiting", reason=_reason(error))


def _reason(error: FhirError) -> str:
    return f"http-{error.status}" if error.status is not None else "no-answer"


def _pause(bench: Bench, claimed: Claimed, error: ServerFault) -> None:
    until = bench.clock() + PAUSE
    with bench.database.write() as tx:
        alarm = servers.pause(tx, bench.server.id, until=until, reason=_reason(error), words=error.words)
        claims.release(tx, claimed, until=until)
    if alarm:
        logger.error("server-paused", extra={"server": bench.server.id, "reason": _reason(error)})


def _hold(bench: Bench, claimed: Claimed, reason: str, words: str, detail: str | None = None) -> None:
    with bench.database.write() as tx:
        claims.hold(tx, claimed, reason=reason, words=words, detail=detail)
    _told(bench, claimed, "held", reason=reason)


def _told(bench: Bench, claimed: Claimed, event: str, reason: str | None = None) -> None:
    fields = {"submission": claimed.row.id, "server": bench.server.id, "attempts": claimed.row.attempts + 1}
    logger.info(event, extra=fields if reason is None else {**fields, "reason": reason})
