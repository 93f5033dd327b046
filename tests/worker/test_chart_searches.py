"""The worker searches charts for a reviewer; a server that fails leaves the search open."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from intake.settings import Settings
from intake.store import contacts
from intake.store.outbox import chart_searches, leases
from intake.store.outbox.chart_searches import ChartCriteria, ChartSearch
from intake.worker.chart_searches import NOT_SEARCHABLE, NOTHING_FOUND, run_chart_searches
from tests.support.site_submissions import LEASE
from tests.support.sites import TestSite
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server
from tests.support.walk_ins import SYSTEM, hold_unmatched

BORN = date(1980, 2, 29)
BY_NAME = ChartCriteria(SYSTEM, family_name="Nguyen", birth_date=BORN)
BY_NUMBER = ChartCriteria(SYSTEM, record_number="MRN 9")


def build_chart(identity: str, **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": identity,
        "name": [{"family": "Nguyen", "given": ["Lan"]}],
        "birthDate": BORN.isoformat(),
        "identifier": [{"system": SYSTEM, "value": "MRN 9"}],
        **changes,
    }


def answer_charts(*charts: dict[str, Any]) -> StubResponse:
    entry = [{"resource": chart} for chart in charts]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entry}
    return StubResponse(body=json.dumps(bundle).encode())


@pytest.fixture
def server() -> Iterator[StubServer]:
    with run_stub_server(lambda _: StubResponse(503)) as stub:
        yield stub


@pytest.fixture
def settings(pages: TestSite, server: StubServer) -> Settings:
    main = replace(pages.settings.servers["main"], base_url=f"{server.url}/fhir")
    return replace(pages.settings, servers={"main": main})


def search(site: TestSite, settings: Settings, criteria: ChartCriteria) -> tuple[str, ChartSearch]:
    """Search for the chart of a held submission; return its id and the search."""
    identity = hold_unmatched(site)
    with site.database.write() as tx:
        assert chart_searches.request_search(tx, identity, "main", criteria)
    run_chart_searches(settings, site.database, site.clock)
    return identity, read_search(site, identity)


def read_search(site: TestSite, identity: str) -> ChartSearch:
    with site.database.read() as tx:
        found = chart_searches.read_search(tx, identity)
    assert found is not None
    return found


def test_lists_charts_in_use_with_that_birth_date(
    pages: TestSite, settings: Settings, server: StubServer
) -> None:
    replaced = build_chart("5", link=[{"type": "replaced-by", "other": {"reference": "Patient/1"}}])
    server.respond = lambda _: answer_charts(
        build_chart("1"),
        build_chart("2", birthDate="1981-01-01"),
        build_chart("3", active=False),
        build_chart("4", name=None, identifier=None),
        replaced,
    )
    _, found = search(pages, settings, BY_NAME)
    assert [(chart.reference, chart.name, chart.record_number) for chart in found.charts] == [
        ("Patient/1", "Lan Nguyen", "MRN 9"),
        ("Patient/4", "", ""),
    ]


def test_keeps_names_out_of_the_addresses_that_servers_log(
    pages: TestSite, settings: Settings, server: StubServer
) -> None:
    server.respond = lambda _: answer_charts()
    _, found = search(pages, settings, BY_NUMBER)
    assert (found.words, found.charts) == (NOTHING_FOUND, ())
    assert [(request.method, request.path) for request in server.requests] == [
        ("POST", "/fhir/Patient/_search")
    ]


def test_a_server_that_fails_leaves_the_search_open(
    pages: TestSite, settings: Settings, server: StubServer
) -> None:
    identity, found = search(pages, settings, BY_NUMBER)
    assert found.done_at is None
    with pages.database.read() as tx:
        assert contacts.read_contact(tx, contacts.server_contact("main")).failures == 1
    server.respond = lambda _: answer_charts(build_chart("1"))
    assert run_chart_searches(settings, pages.database, pages.clock)
    assert len(read_search(pages, identity).charts) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [(StubResponse(400), NOT_SEARCHABLE), (StubResponse(403), NOT_SEARCHABLE)],
)
def test_a_refused_search_says_so(
    pages: TestSite, settings: Settings, server: StubServer, answer: StubResponse, words: str
) -> None:
    server.respond = lambda _: answer
    _, found = search(pages, settings, BY_NUMBER)
    assert (found.words, found.charts) == (words, ())


def test_a_chosen_chart_gets_the_answers_and_no_other_can_be_chosen(
    pages: TestSite, settings: Settings, server: StubServer
) -> None:
    def respond(_: StubRequest) -> StubResponse:
        return answer_charts(build_chart("1"))

    server.respond = respond
    identity, _ = search(pages, settings, BY_NUMBER)
    with pages.database.write() as tx:
        assert not chart_searches.choose_chart(tx, identity, "Patient/2")
        assert chart_searches.choose_chart(tx, identity, "Patient/1")
        assert not chart_searches.choose_chart(tx, identity, "Patient/1")
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=LEASE)
    assert (leased.submission.patient, leased.merge_base.birth_date) == ("Patient/1", BORN)
