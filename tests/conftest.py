"""Fixtures and options that the tests of all rooms share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_client.client import FhirClient
from intake.i18n import existing_tags
from tests.support.postgres import run_postgres
from tests.support.prerequisites import skip_or_fail
from tests.support.sites import TestSite, make_site, make_template


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the tests of the validator and of the servers."""
    words = "generated submissions that the validator judges in each US Core version (default: 500)"
    parser.addoption("--submissions", type=int, default=500, metavar="N", help=words)
    words = "write what this run saw of the FHIR servers (-m server, -m fire) to FOLDER, as JSON"
    parser.addoption("--results", type=Path, metavar="FOLDER", help=words)
    words = "2,000 submissions on Medplum and 300 on each HAPI, not a sample (with -m fire)"
    parser.addoption("--whole-fire", action="store_true", help=words)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Restore the worker's log after a test, so that the next test can read it."""
    logger = logging.getLogger("intake.worker")
    handlers, propagates, level = list(logger.handlers), logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = handlers, propagates
    logger.setLevel(level)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database and its key."""
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def pages(template: Path, tmp_path: Path) -> Iterator[TestSite]:
    """A whole site, whose pages can be requested over plain http on this machine."""
    made = make_site(template, tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def tribal_pages(template: Path, tmp_path: Path) -> Iterator[TestSite]:
    """The same at a site that also asks about tribes, in every language."""
    folder = tmp_path / "tribal"
    folder.mkdir()
    made = make_site(template, folder, languages=existing_tags(), question_set="spd15-2024-tribal")
    yield made
    made.database.close()


@pytest.fixture
def secure_pages(template: Path, tmp_path: Path) -> Iterator[TestSite]:
    """The same over https, as in production."""
    made = make_site(template, tmp_path, "https://intake.clinic.example")
    yield made
    made.database.close()


@pytest.fixture(scope="session", name="postgres")
def postgres_fixture() -> Iterator[str]:
    """The address of a PostgreSQL of its own."""
    with run_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> Path:
    """The folder with the packages of the FHIR server, kept from one run to the next."""
    from intake.demo.medplum import LaunchError, install_packages
    from intake.demo.node import NodeMissingError

    named = os.environ.get("INTAKE_TESTS_CACHE")
    kept = Path(named) if named else pytestconfig.cache.mkdir("medplum")
    try:
        install_packages(kept)
    except (NodeMissingError, LaunchError) as fault:
        skip_or_fail(str(fault))
    return kept


@pytest.fixture(scope="session")
def server(packages: Path) -> Iterator[str]:
    """The base URL of a FHIR server that tests share: Medplum's router, in memory."""
    from tests.support.medplum import run_medplum

    with run_medplum(packages) as url:
        yield url


@pytest.fixture
def client(server: str) -> Iterator[FhirClient]:
    """A client of the server."""
    with FhirClient(server, timeout=10) as found:
        yield found
