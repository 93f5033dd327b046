"""A FHIR server with the demo's people, and a site that uses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_client.client import FhirClient
from intake.clock import system_clock
from intake.demo import visits
from intake.demo.seed import SeededServer, seed_server
from intake.demo.site import write_site
from intake.settings import Settings, load_settings
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database
from tests.support.medplum import run_medplum

QUALIFYING = {"finished"}
QUESTION_SET = load_settings().question_sets["omb-1997"]


@dataclass(frozen=True, slots=True)
class SeededDemo:
    """The server, and what was seeded at which moment."""

    url: str
    contents: SeededServer
    now: datetime


def patients_seen(world: SeededDemo) -> dict[str, set[str]]:
    """Return the patients seen at each clinic, computed from the generated encounters."""
    found: dict[str, set[str]] = {}
    for person in world.contents.people:
        for each in visits.past_encounters(person, world.now):
            if each.status in QUALIFYING and not person.is_test:
                found.setdefault(each.clinic.id, set()).add(person.key)
    return found


@pytest.fixture(scope="session")
def world(packages: Path) -> Iterator[SeededDemo]:
    """Everything is seeded once."""
    now = datetime.now(UTC)
    with run_medplum(packages) as url, FhirClient(url) as client:
        yield SeededDemo(url, seed_server(client, now, QUESTION_SET, lambda: None), now)


@pytest.fixture
def settings(world: SeededDemo, tmp_path: Path) -> Settings:
    """The demo's own site over that server."""
    return write_site(
        tmp_path,
        public_url="http://127.0.0.1:8100",
        base_url=world.url,
        references=world.contents.references,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Its empty database."""
    found = open_database(settings.database_url, load_keys(settings.key_file), system_clock)
    yield found
    found.close()
