"""A chart is matched for the list of the desk, and when answers are delivered."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from fhir_client.errors import FhirError, ServerError, TemporaryError
from fhir_client.write.patient_matching import UnmatchedPatientError
from intake.answers import Answer, AnswerState, MatchCriteria
from intake.store import servers, visits
from intake.store.visits import MatchState, Visit
from intake.worker import patient_matching
from intake.worker.error_outcomes import PostponedError
from intake.worker.patient_matching import match_expected_patients, resolve_patient
from tests.support.worker_site import WorkerSite

CRITERIA = MatchCriteria("http://example.org/mrn", "4711", date(1990, 3, 5))
OTHER_CRITERIA = replace(CRITERIA, record_number="4712")
CHART = {"resourceType": "Patient", "id": "7", "birthDate": "1990-03-05"}
YES = {"interpreter": Answer(AnswerState.ANSWERED, ("yes",))}


class FakeServer:
    """Stands for the server's search: finds charts by number, or fails."""

    def __init__(self) -> None:
        self.charts: dict[str, dict[str, Any] | FhirError] = {"4711": CHART}
        self.searches = 0

    def match(self, _client: object, identifier: dict[str, str], _born: date) -> dict[str, Any]:
        self.searches += 1
        chart = self.charts.get(identifier["value"])
        if chart is None:
            raise UnmatchedPatientError("No chart in use has this record number.")
        if isinstance(chart, FhirError):
            raise chart
        return chart


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()
    monkeypatch.setattr(patient_matching, "match_patient", fake.match)
    return fake


def expect_walk_in(
    site: WorkerSite, visit_id: str = "walk-in", criteria: MatchCriteria = CRITERIA
) -> Visit:
    visit = Visit(
        visit_id,
        "riverside",
        "main",
        criteria.reference,
        site.clock(),
        birth_date=criteria.birth_date,
        match_state=MatchState.NEW,
    )
    with site.database.write() as tx:
        visits.save_visit(tx, visit)
    return visit


def read_visit(site: WorkerSite, visit_id: str = "walk-in") -> Visit:
    with site.database.read() as tx:
        visit = visits.find_visit(tx, visit_id)
    assert visit is not None
    return visit


def match_new(site: WorkerSite, *states: MatchState) -> bool:
    return match_expected_patients(
        site.settings, site.database, site.clock, *(states or (MatchState.NEW,))
    )


def test_a_known_chart_needs_no_search(worker_site: WorkerSite, server: FakeServer) -> None:
    leased = worker_site.lease_new()
    assert resolve_patient(worker_site.context, leased) is leased
    assert server.searches == 0


def test_the_matched_chart_is_stored_with_the_submission(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    leased = worker_site.lease_new(patient=CRITERIA.reference)
    resolved = resolve_patient(worker_site.context, leased)
    assert resolved.submission.patient == "Patient/7"
    worker_site.clock.advance(seconds=worker_site.context.lease_duration.total_seconds())
    assert worker_site.acquire_lease().submission.patient == "Patient/7"


def test_an_unmatched_patient_stays_unmatched(worker_site: WorkerSite, server: FakeServer) -> None:
    server.charts.clear()
    leased = worker_site.lease_new(patient=CRITERIA.reference)
    with pytest.raises(UnmatchedPatientError):
        resolve_patient(worker_site.context, leased)


def test_a_submission_waits_for_an_older_one_of_its_chart(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    worker_site.store_submission(patient="Patient/7")
    worker_site.acquire_lease()
    leased = worker_site.lease_new(patient=CRITERIA.reference)
    with pytest.raises(PostponedError) as postponed:
        resolve_patient(worker_site.context, leased)
    assert postponed.value.delay > timedelta()


def test_the_desk_sees_a_match_and_a_mistake(worker_site: WorkerSite, server: FakeServer) -> None:
    expect_walk_in(worker_site)
    expect_walk_in(worker_site, "mistake", OTHER_CRITERIA)
    assert match_new(worker_site)
    matched, mistake = read_visit(worker_site), read_visit(worker_site, "mistake")
    assert (matched.patient, matched.match_state) == ("Patient/7", MatchState.FOUND)
    assert (mistake.match_state, mistake.fault) == (
        MatchState.NONE,
        "No chart in use has this record number.",
    )


def test_a_patient_is_looked_for_until_the_time_to_register_is_over(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    server.charts.clear()
    expect_walk_in(worker_site)
    assert match_new(worker_site)
    server.charts["4711"] = CHART
    worker_site.clock.advance(hours=1)
    assert match_new(worker_site, MatchState.NONE)
    assert read_visit(worker_site).match_state is MatchState.FOUND


def test_after_that_time_a_missing_chart_is_not_looked_for(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    server.charts.clear()
    expect_walk_in(worker_site)
    assert match_new(worker_site)
    worker_site.clock.advance(hours=2)
    assert match_new(worker_site, MatchState.NONE)
    assert server.searches == 1


def test_a_search_that_fails_alone_does_not_stop_the_others(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    server.charts["4712"] = ServerError("Odd.", 500)
    expect_walk_in(worker_site, "a-failing", OTHER_CRITERIA)
    expect_walk_in(worker_site)
    assert not match_new(worker_site)
    assert read_visit(worker_site).match_state is MatchState.FOUND
    assert read_visit(worker_site, "a-failing").match_state is MatchState.NEW


def test_a_server_that_does_not_answer_is_asked_once(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    server.charts["4712"] = TemporaryError("No answer.")
    expect_walk_in(worker_site, "a-failing", OTHER_CRITERIA)
    expect_walk_in(worker_site)
    assert not match_new(worker_site)
    assert server.searches == 1


def test_a_paused_server_is_not_searched(worker_site: WorkerSite, server: FakeServer) -> None:
    expect_walk_in(worker_site)
    with worker_site.database.write() as tx:
        servers.pause_server(
            tx,
            "main",
            until=worker_site.clock() + timedelta(minutes=1),
            reason="http-401",
            words="No access.",
        )
    assert not match_new(worker_site)
    assert server.searches == 0


def test_a_correction_of_the_desk_during_the_search_stands(
    worker_site: WorkerSite, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_walk_in(worker_site)

    def correct_during_search(*_: object) -> dict[str, Any]:
        expect_walk_in(worker_site, criteria=OTHER_CRITERIA)
        return CHART

    monkeypatch.setattr(patient_matching, "match_patient", correct_during_search)
    assert match_new(worker_site)
    assert read_visit(worker_site).patient == OTHER_CRITERIA.reference


def test_a_visit_of_an_unknown_clinic_is_left_alone(
    worker_site: WorkerSite, server: FakeServer
) -> None:
    visit = expect_walk_in(worker_site)
    with worker_site.database.write() as tx:
        visits.save_visit(tx, replace(visit, clinic="closed"))
    assert match_new(worker_site)
    assert server.searches == 0
