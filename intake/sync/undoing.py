"""One undo's way: take back what the submission wrote, unless a later one of the patient has said it again since."""

from collections.abc import Mapping
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
from fhir_client.responses import BARRED
from fhir_client.uscore.undoing import Key, composed
from fhir_client.writing.bundle import NoVersion
from fhir_client.writing.undo import Effect, undo
from intake.store import audit, servers, undoing
from intake.store.database import DatabaseFault
from intake.store.earlier import Earlier
from intake.store.undoing import Other, Undoing
from intake.sync import written
from intake.sync.bench import Bench, told
from intake.sync.conflicts import hold_contested
from intake.sync.outcomes import hold, pause, unforeseen, wait
from intake.sync.written import Wrote

UPDATE = "Ask for update of Observation and QuestionnaireResponse, then retry; or undo it in the chart by hand and stop this."
WORKER = "worker"
"""Who did it, in the audit: who asked for it stands there before."""


def take_back(bench: Bench, claimed: Undoing) -> None:
    """Bring one claimed undo as far as it goes; every outcome is in its row when this returns."""
    try:
        _take_back(bench, claimed)
    except FhirError as error:
        _failed(bench, claimed, error)
    except NoVersion as error:
        hold(
            bench,
            claimed,
            "invalid",
            f"This cannot be undone: {error}. Put the chart right by hand.",
            answered=False,
        )
    except DatabaseFault:
        raise
    except Exception as error:  # noqa: BLE001
        unforeseen(bench, claimed, error)


def _failed(bench: Bench, claimed: Undoing, error: FhirError) -> None:
    match error:
        case Temporary() | Conflict():
            wait(bench, claimed, error)
        case ServerFault() if error.status in BARRED:
            # To write asks for less than to undo, so that submissions may go on meanwhile.
            hold(bench, claimed, "refused", f"{error.words} {UPDATE}")
        case ServerFault():
            pause(bench, claimed, error)
        case ChartChanged():
            hold_contested(bench, claimed, error, error.contested)
        case ByHand():
            hold(bench, claimed, "by-hand", f"{error.words} Do that, then stop the undo here.")
        case PatientProblem() | Gone():
            hold(
                bench,
                claimed,
                "patient",
                f"{error.words} Nothing was changed. Put the right chart right by hand.",
            )
        case _:
            hold(bench, claimed, "refused", f"{error.words} Ask the EHR's support, then retry.")


def _take_back(bench: Bench, claimed: Undoing) -> None:
    with bench.database.read() as tx:
        key, others = written.key_of(tx), undoing.later(tx, claimed.row.id)
    if any(each.is_open for each in others):
        words = "A later submission of the same patient is on its way. Retry when it is verified or held."
        hold(bench, claimed, "later", words, answered=False)
        return
    wrote = written.read(claimed.earlier)
    said_again = {
        part: other for other in reversed(others) for part in written.read(other.earlier).speaks_of
    }
    undo(bench.client, bench.writer, _left_to_undo(claimed, wrote, frozenset(said_again)), key)
    with bench.database.write() as tx:
        servers.succeeded(tx, bench.server.id)
        kept = undoing.done(tx, claimed, _handed_on(wrote, said_again, key))
        if kept:
            audit.record(tx, WORKER, "submission-undone", claimed.row.id)
    told(bench, claimed, "reversed", kept=kept)


def _left_to_undo(claimed: Undoing, wrote: Wrote, said_again: frozenset[str]) -> Effect:
    """Return what to take back: not what a later submission says, nor what a reviewer left as the chart has it."""
    stays = said_again | frozenset(claimed.decided)
    return Effect(claimed.earlier.sent.patient, UUID(claimed.row.id), wrote.parts, stays)


def _handed_on(wrote: Wrote, said_again: Mapping[str, Other], key: Key) -> Mapping[str, Earlier]:
    """Return what later submissions keep for their own undo: they go back to what stood before this one."""
    found: dict[str, Earlier] = {}
    for part in wrote.parts:
        other = said_again.get(part.element)
        if other is None:
            continue
        before = found.get(other.id, other.earlier)
        theirs = written.read(before)
        of_element = {each.element: each for each in theirs.parts}
        of_element[part.element] = composed(part, of_element.get(part.element), key)
        found[other.id] = Earlier(
            before.sent, written.write(Wrote(tuple(of_element.values()), theirs.speaks_of))
        )
    return found
