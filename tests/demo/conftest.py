"""A FHIR server of its own with the demo's people in it, and a site that knows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_client.client import Client
from intake.clock import system_clock
from intake.demo.launch import medplum
from intake.demo.seeding import Seeded, seed
from intake.demo.site import lay_out
from intake.settings import Settings, load
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database

QUESTIONS = load().question_sets["omb-1997"]


@dataclass(frozen=True, slots=True)
class World:
    """The server, and what was seeded at which moment."""

    url: str
    seeded: Seeded
    now: datetime


@pytest.fixture(scope="session")
def world(packages: Path) -> Iterator[World]:
    """Everything is seeded once."""
    now = datetime.now(UTC)
    with medplum(packages) as url, Client(url) as client:
        yield World(url, seed(client, now, QUESTIONS, lambda: None), now)


@pytest.fixture
def settings(world: World, tmp_path: Path) -> Settings:
    """The demo's own site over that server."""
    return lay_out(
        tmp_path,
        public_url="http://127.0.0.1:8100",
        base_url=world.url,
        references=world.seeded.references,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Its empty database."""
    found = open_database(settings.database_url, load_keys(settings.key_file), system_clock)
    yield found
    found.close()
