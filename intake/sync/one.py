"""One submission's way: write, accept, read back, verify; and for each fault what it means for the row."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from fhir_client import exact
from fhir_client.errors import ByHand, ChartChanged, Conflict, FhirError, Gone, PatientProblem, ServerFault, Temporary
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import NoVersion
from fhir_client.writing.charts import Known
from fhir_client.writing.check import InvalidBundle
from fhir_client.writing.readback import Difference, read_back
from fhir_client.writing.values import Sending, Written
from fhir_client.writing.ways import write
from intake.questions import QuestionSet
from intake.store import claims, overtaking, servers
from intake.store.claims import Claimed, Sent
from intake.store.database import DatabaseFault, Tx
from intake.store.submissions import Status
from intake.sync import saying
from intake.sync.bench import Bench, told
from intake.sync.choices import UnknownAnswer
from intake.sync.elements import elements_of, without
from intake.sync.log import where
from intake.sync.outcomes import hold, pause, wait

NEXT_TO_IT = timedelta(seconds=2)
"""How long a row waits for the one that goes before it, or for whoever has its lease now."""
SCHEDULE_BEHIND = timedelta(days=3)
"""What the schedule said of a chart can be this old, so what we wrote since is no change by others."""


class NotNow(Exception):
    """The lease was lost, or another submission of the same chart goes first: nothing may be sent."""


def deliver(bench: Bench, claimed: Claimed) -> None:
    """Bring one claimed submission as far as it goes; every outcome is in its row when this returns."""
    try:
        _deliver(bench, claimed)
    except NotNow:
        with bench.database.write() as tx:
            kept = claims.release(tx, claimed, until=tx.now + NEXT_TO_IT)
        told(bench, claimed, "behind", kept=kept)
    except FhirError as error:
        _failed(bench, claimed, error)
    except (InvalidBundle, NoVersion, UnknownAnswer) as error:
        words = f"This cannot be written: {error}. Report it, then retry after the mend."
        hold(bench, claimed, "invalid", words, answered=False)
    except DatabaseFault:
        raise
    except Exception as error:  # noqa: BLE001
        # One row that nobody foresaw, such as a chart of an odd shape, must not come back for ever and hide the reason.
        words = f"Something unforeseen went wrong with it ({type(error).__name__}). Report it, then retry after the mend."
        hold(bench, claimed, "fault", words, answered=False, where=where(error))


def _failed(bench: Bench, claimed: Claimed, error: FhirError) -> None:
    match error:
        case Temporary() | Conflict():
            wait(bench, claimed, error)
        case ServerFault():
            pause(bench, claimed, error)
        case ChartChanged():
            hold(bench, claimed, "chart-changed", error.words)
        case ByHand():
            hold(bench, claimed, "worklist", error.words)
        case PatientProblem() | Gone():
            hold(bench, claimed, "patient", f"{error.words} Find the right chart and enter the answers there.")
        case _:
            hold(bench, claimed, "refused", f"{error.words} Ask the EHR's support, then retry.")


def _deliver(bench: Bench, claimed: Claimed) -> None:
    said = without(saying.said(claimed.submission, bench.settings), claimed.taken)
    written: Written | None = None
    if claimed.row.status is not Status.ACCEPTED:
        written = _write(bench, claimed, said)
        with bench.database.write() as tx:
            kept = claims.accept(tx, claimed)
            servers.let_in(tx, bench.server.id)
        told(bench, claimed, "accepted", kept=kept)
        if not kept:
            return
    over = written.over if written is not None and written.over else claimed.sent.version if claimed.sent else None
    differences = read_back(bench.client, bench.writer, said, written, over=over)
    if differences:
        _mismatch(bench, claimed, differences)
        return
    with bench.database.write() as tx:
        kept = claims.verify(tx, claimed)
        servers.succeeded(tx, bench.server.id)
        if kept:
            _take_over(bench, tx, claimed)
    told(bench, claimed, "verified", kept=kept)


def _questions(bench: Bench, older: overtaking.Older) -> QuestionSet | None:
    return bench.settings.question_sets.get(older.submission.question_set)


def _write(bench: Bench, claimed: Claimed, said: Statement) -> Written:
    return write(
        bench.client,
        bench.writer,
        said,
        known=_known(bench, claimed),
        first=claimed.sent is None,
        before_sending=_noted(bench, claimed),
    )


def _noted(bench: Bench, claimed: Claimed) -> Callable[[Sending], None]:
    """Return what notes a sending in the row before it leaves; raises NotNow where it may not leave."""

    def note(sending: Sending) -> None:
        with bench.database.write() as tx:
            same = sending.patient == claimed.submission.patient
            sent = Sent(sending.patient, sending.version)
            values = None if sending.earlier is None else exact.dumps(sending.earlier)
            ours = same or claims.follow(tx, claimed, sending.patient)
            may = ours and claims.sending(tx, claimed, sent, values, bench.lease)
        if not may:
            raise NotNow

    return note


def _known(bench: Bench, claimed: Claimed) -> Known:
    with bench.database.read() as tx:
        since = overtaking.sent_since(tx, claimed, claimed.row.queued_at - SCHEDULE_BEHIND)
        ours = overtaking.ids_sent(tx, claimed)
    # What an earlier submission of this patient said is in the chart because we wrote it.
    mended = frozenset[str]().union(*(elements_of(each.submission, _questions(bench, each)) for each in since))
    return Known(claimed.known.birth_date, claimed.known.chart, mended, frozenset(map(UUID, ours)))


def _take_over(bench: Bench, tx: Tx, claimed: Claimed) -> None:
    """Take what this one says from older ones that have not arrived: their word for it is not the last one any more."""
    questions = bench.settings.question_sets.get(claimed.submission.question_set)
    mine = elements_of(claimed.submission, questions)
    for older in overtaking.unarrived(tx, claimed):
        asked = elements_of(older.submission, _questions(bench, older))
        nothing_left = bool(asked) and asked <= older.taken | mine
        overtaking.take(tx, older, mine & asked, nothing_left=nothing_left)


def _mismatch(bench: Bench, claimed: Claimed, differences: tuple[Difference, ...]) -> None:
    names = ", ".join(each.element for each in differences)
    words = f"The server took it, but does not read back the same: {names}. Compare with the chart, then retry."
    hold(bench, claimed, "mismatch", words, detail=json.dumps([asdict(each) for each in differences], default=str))
