"""Fixtures for tests at real FHIR servers: servers, fault proxy, outbox."""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from fhir_client.client import FhirClient
from intake.store.tables import strategies
from tests.servers.hapi_process import run_hapi, run_hapi_on_postgres
from tests.servers.matrix import SERVERS, ServerTestResult, save_results
from tests.support.fault_proxy import FaultProxy, run_proxy
from tests.support.medplum import run_medplum
from tests.support.outbox import Outbox, open_outbox

SEEN: list[ServerTestResult] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the result of each test of each server, for the tables."""
    report = yield
    callspec = getattr(item, "callspec", None)
    if (
        isinstance(item, pytest.Function)
        and callspec is not None
        and "make" in callspec.params
        and report.when == "call"
    ):
        SEEN.append(
            ServerTestResult(
                callspec.params["make"],
                item.originalname,
                report.outcome,
                dict(report.user_properties),
            )
        )
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results, if the options name a folder."""
    folder: Path | None = session.config.getoption("results")
    if folder is not None:
        save_results(SEEN, folder, datetime.now(UTC))


@pytest.fixture(
    scope="session",
    params=[
        name if name == "medplum" else pytest.param(name, marks=pytest.mark.hapi)
        for name in SERVERS
    ],
)
def make(request: pytest.FixtureRequest) -> str:
    """Which server it is, for tests where servers differ."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def server(make: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of a FHIR server that the tests share; each server in turn."""
    starts = {"hapi": run_hapi, "hapi-postgresql": run_hapi_on_postgres}
    with (
        starts[make]()
        if make in starts
        else run_medplum(request.getfixturevalue("packages")) as url
    ):
        yield url


@pytest.fixture(scope="session")
def organization(server: str) -> str:
    """The clinic's Organization; a server that checks references must have it."""
    with FhirClient(server, timeout=30) as client:
        clinic = {"resourceType": "Organization", "name": "Riverside Family Clinic"}
        return f"Organization/{client.create(clinic)['id']}"


@pytest.fixture
def proxy(server: str) -> Iterator[FaultProxy]:
    """A proxy before the server, without faults until a test plans some."""
    with run_proxy(server) as fault_proxy:
        yield fault_proxy


@pytest.fixture
def outbox(
    template: Path, tmp_path: Path, proxy: FaultProxy, client: FhirClient, organization: str
) -> Iterator[Outbox]:
    """An empty outbox whose worker reaches the server through the proxy."""
    with open_outbox(tmp_path, template, proxy, client, organization) as new_outbox:
        yield new_outbox


@pytest.fixture
def now(outbox: Outbox) -> Outbox:
    """The outbox at the machine's own time, which worker processes go by."""
    outbox.clock.now = datetime.now(UTC)
    return outbox


@pytest.fixture
def ladder(outbox: Outbox) -> Outbox:
    """An outbox whose server has no pinned write strategy yet."""
    with outbox.database.write() as tx:
        tx.connection.execute(delete(strategies))
    return outbox
