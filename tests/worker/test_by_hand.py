"""Staff can have any held submission typed by hand, even without a usable chart."""

import pytest

from fhir_client.errors import GoneError, PatientError, RefusedError, TemporaryError
from intake.store.outbox import worklist
from intake.store.outbox.hold import hold_submission
from intake.worker import delivery
from intake.worker.delivery import deliver_submission
from tests.support.walk_ins import CRITERIA
from tests.support.worker_site import WorkerSite


def put_by_hand(site: WorkerSite, patient: str = "Patient/1") -> str:
    """Hold a submission, put it on the worklist as an administrator does; return its id."""
    leased = site.lease_new(patient=patient)
    with site.database.write() as tx:
        hold_submission(tx, leased, reason="refused", words="No.")
        assert worklist.request_worksheet(tx, leased.record.id)
        assert not worklist.request_worksheet(tx, leased.record.id)
    return leased.record.id


def deliver(site: WorkerSite, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(delivery, "write_statement", fail)
    deliver_submission(site.context, site.acquire_lease())


@pytest.mark.parametrize(
    "error",
    [PatientError("No such patient."), GoneError("Gone.", 410), RefusedError("No."), KeyError()],
)
def test_a_chart_that_cannot_be_used_gives_all_answers_to_type(
    worker_site: WorkerSite, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    identity = put_by_hand(worker_site)
    deliver(worker_site, monkeypatch, error)
    record = worker_site.read_record(identity)
    assert (record.status.value, record.reason) == ("held", "worklist")
    with worker_site.database.read() as tx:
        [entry] = worklist.read_worklist(tx).entries
    assert {value.element for value in entry.worksheet.values} >= {"race", "spoken-language"}
    assert all(value.words for value in entry.worksheet.values)


def test_a_server_that_fails_keeps_the_submission_waiting(
    worker_site: WorkerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = put_by_hand(worker_site)
    deliver(worker_site, monkeypatch, TemporaryError("Later.", 503))
    assert worker_site.read_record(identity).status.value == "waiting"


def test_a_walk_in_without_a_chart_is_found_by_number_and_birth_date(
    worker_site: WorkerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_by_hand(worker_site, CRITERIA.reference)

    def fail(*_: object) -> None:
        raise PatientError("No chart in use has this record number.")

    monkeypatch.setattr(delivery, "resolve_patient", fail)
    deliver_submission(worker_site.context, worker_site.acquire_lease())
    with worker_site.database.read() as tx:
        [entry] = worklist.read_worklist(tx).entries
    assert worklist.record_numbers(entry.worksheet, CRITERIA.system) == (CRITERIA.record_number,)
    assert entry.worksheet.birth_date == CRITERIA.birth_date.isoformat()
