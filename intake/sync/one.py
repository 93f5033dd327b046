"""One submission's way: write, accept, read back, verify; and for each fault what it means for the row."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID

from fhir_client.errors import (
    ByHand,
    ChartChanged,
    Conflict,
    FhirError,
    Gone,
    PatientProblem,
    ServerFault,
    Temporary,
)
from fhir_client.uscore.statement import Statement, without
from fhir_client.uscore.undoing import elements_in
from fhir_client.writing.bundle import NoVersion
from fhir_client.writing.charts import Known
from fhir_client.writing.check import InvalidBundle
from fhir_client.writing.ladder import Rung, whole
from fhir_client.writing.matching import Unmatched
from fhir_client.writing.readback import Difference, read_back
from fhir_client.writing.values import Sending, Writer, Written
from fhir_client.writing.ways import write
from intake.answers import Submission
from intake.questions import QuestionSet
from intake.store import claims, overtaking, servers, unmatched
from intake.store.claims import Claimed
from intake.store.database import DatabaseFault, Tx
from intake.store.deciding import Take
from intake.store.overtaking import Older
from intake.store.submissions import Status
from intake.store.worklist import REASON
from intake.sync import saying
from intake.sync.bench import Bench, told
from intake.sync.choices import UnknownAnswer
from intake.sync.conflicts import deciding_writer, met
from intake.sync.elements import elements_of, elements_of_all
from intake.sync.matching import bound
from intake.sync.outcomes import NotNow, hold, pause, unforeseen, wait
from intake.sync.written import key_of, noted, read

SCHEDULE_BEHIND = timedelta(days=3)
"""What the schedule said of a chart can be this old, so what we wrote since is no change by others."""
SHOWN_WITHIN = timedelta(minutes=10)
"""What a server took and has not indexed yet can be found no later than this; what cannot is missing."""
NOT_SHOWN = "not-shown"
MENDED = frozenset({Status.ACCEPTED, Status.VERIFIED})
TYPE = "An administrator's worklist says what to type; it is read back when they say there that it is typed."


CORRECT = "The front desk corrects number and date on its page of today; the answers wait for that."


def deliver(bench: Bench, claimed: Claimed) -> None:
    """Bring one claimed submission as far as it goes; every outcome is in its row when this returns."""
    try:
        _deliver(bench, claimed)
    except NotNow as not_now:
        with bench.database.write() as tx:
            kept = claims.release(tx, claimed, until=tx.now + not_now.wait)
        told(bench, claimed, "behind", kept=kept)
    except FhirError as error:
        _failed(bench, claimed, error)
    except (InvalidBundle, NoVersion, UnknownAnswer) as error:
        words = f"This cannot be written: {error}. Report it, then retry after the mend."
        hold(bench, claimed, "invalid", words, answered=False)
    except DatabaseFault:
        raise
    except Exception as error:  # noqa: BLE001
        unforeseen(bench, claimed, error)


def _failed(bench: Bench, claimed: Claimed, error: FhirError) -> None:
    match error:
        case Temporary() | Conflict():
            wait(bench, claimed, error)
        case ServerFault():
            pause(bench, claimed, error)
        case ChartChanged():
            met(bench, claimed, error)
        case ByHand():
            sheet = None if error.worksheet is None else json.dumps(asdict(error.worksheet))
            hold(bench, claimed, REASON, f"{error.words} {TYPE}", sheet)
        case Unmatched():
            hold(bench, claimed, unmatched.REASON, f"{error.words} {CORRECT}")
        case PatientProblem() | Gone():
            hold(
                bench,
                claimed,
                "patient",
                f"{error.words} Find the right chart and enter the answers there.",
            )
        case _:
            hold(bench, claimed, "refused", f"{error.words} Ask the EHR's support, then retry.")


def _deliver(bench: Bench, unbound: Claimed) -> None:
    claimed = bound(bench, unbound)
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
    over = (
        written.over
        if written is not None and written.over
        else claimed.sent.version
        if claimed.sent
        else None
    )
    differences = read_back(bench.client, _writer(bench, claimed), said, written, over=over)
    if differences:
        _differing(bench, claimed, differences)
        return
    with bench.database.write() as tx:
        kept = claims.verify(tx, claimed)
        servers.succeeded(tx, bench.server.id)
        if kept:
            _take_over(bench, tx, claimed)
    told(bench, claimed, "verified", kept=kept)


def _write(bench: Bench, claimed: Claimed, said: Statement) -> Written:
    writer, lately = _writer(bench, claimed), claimed.row.queued_at - SCHEDULE_BEHIND
    _refuse_too_early(bench, claimed, writer)
    with bench.database.read() as tx:
        since, undone = (
            overtaking.sent_since(tx, claimed, lately),
            overtaking.undone_since(tx, claimed, lately),
        )
        ours = overtaking.ids_sent(tx, claimed)
    # What an earlier submission of this patient said, or its undo brought back, is in the chart because we wrote it.
    mended = elements_of_all((each.submission for each in since), bench.settings).union(
        *(elements_in(part.element) for each in undone for part in read(each).parts)
    )
    return write(
        bench.client,
        writer,
        replace(said, corrects=elements_of_all(_at_this_visit(claimed, since), bench.settings)),
        known=_known(claimed, mended, ours),
        first=claimed.sent is None,
        before_sending=_noted(bench, claimed, without(said, writer.policy.keeps)),
    )


def _refuse_too_early(bench: Bench, claimed: Claimed, writer: Writer) -> None:
    """Raise NotNow where it was sent so lately that the server's searches would not show it: it would be sent again."""
    lag = timedelta(seconds=writer.quirks.search_lag_seconds)
    since = bench.clock() - claimed.row.sent_at if claimed.row.sent_at is not None else lag
    if since < lag:
        raise NotNow(lag - since)


def _at_this_visit(claimed: Claimed, since: Iterable[Older]) -> Iterator[Submission]:
    """Yield what the patient answered at this visit before, of which this one is a mend and no new answer."""
    visit = claimed.submission.appointment
    mended = (
        each
        for each in since
        if visit and each.submission.appointment == visit and each.status in MENDED
    )
    return (each.submission for each in mended)


def _questions(bench: Bench, older: Older) -> QuestionSet | None:
    return bench.settings.question_sets.get(older.submission.question_set)


def _known(claimed: Claimed, mended: frozenset[str], ours: Iterable[str]) -> Known:
    settled = {
        name: each.over for name, each in claimed.decided.items() if each.take is Take.PERSON
    }
    return Known(
        claimed.known.birth_date, claimed.known.chart, mended, frozenset(map(UUID, ours)), settled
    )


def _writer(bench: Bench, claimed: Claimed) -> Writer:
    """Return how the row is written: what somebody says to have typed is not sent, only looked for in the chart."""
    writer = deciding_writer(bench.writer, claimed)
    if claimed.row.typed_at is None:
        return writer
    return replace(writer, strategy=replace(whole(Rung.WORKLIST), batch=writer.strategy.batch))


def _noted(bench: Bench, claimed: Claimed, said: Statement) -> Callable[[Sending], None]:
    """Return what notes a sending in the row before it leaves; raises NotNow where it may not leave."""

    def note(sending: Sending) -> None:
        with bench.database.write() as tx:
            same = sending.patient == claimed.submission.patient
            earlier = noted(sending, said, claimed.earlier, key_of(tx))
            ours = same or claims.follow(tx, claimed, sending.patient)
            may = ours and claims.sending(tx, claimed, earlier, bench.lease)
        if not may:
            raise NotNow

    return note


def _take_over(bench: Bench, tx: Tx, claimed: Claimed) -> None:
    """Take what this one says from older ones that have not arrived: their word for it is not the last one any more."""
    questions = bench.settings.question_sets.get(claimed.submission.question_set)
    mine = elements_of(claimed.submission, questions)
    for older in overtaking.unarrived(tx, claimed):
        asked = elements_of(older.submission, _questions(bench, older))
        nothing_left = bool(asked) and asked <= older.taken | mine
        overtaking.take(tx, older, mine & asked, nothing_left=nothing_left)


def _differing(bench: Bench, claimed: Claimed, differences: tuple[Difference, ...]) -> None:
    since = bench.clock() - (claimed.row.accepted_at or bench.clock())
    if since < SHOWN_WITHIN and all(each.absent for each in differences):
        wait(bench, claimed, Temporary("The server took it, but does not show it yet."), NOT_SHOWN)
        return
    names = ", ".join(each.element for each in differences)
    words = f"The server took it, but does not read back the same: {names}. Compare with the chart, then retry."
    hold(
        bench,
        claimed,
        "mismatch",
        words,
        detail=json.dumps([asdict(each) for each in differences], default=str),
    )
