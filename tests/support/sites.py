"""Makes a whole site for tests: settings, SQLite, a manual clock, the application."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from intake.app import create_app
from intake.settings import Settings, load_settings
from intake.store import devices, users, visits
from intake.store.crypto import create_keys, load_keys
from intake.store.database import Database, open_database
from intake.store.migrate import migrate_database
from intake.store.visits import Visit, visit_id
from tests.support.strict_pages import StrictClient

INTAKE = """
public_url = "{public_url}"
languages = {languages}
question_set = "{questions}"
data_dir = "{data}"
[servers.main]
base_url = "http://127.0.0.1:9/fhir"
"""
CLINICS = """
[riverside]
name = "Riverside Family Clinic"
time_zone = "America/New_York"
server = "main"
organization = "Organization/riverside"
record_number_system = "http://example.org/mrn"

[hillside]
name = "Hillside Health"
time_zone = "America/Los_Angeles"
server = "main"
organization = "Organization/hillside"
"""
START_TIME = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""A Tuesday, 10 in the morning at Riverside."""


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START_TIME

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class TestSite:
    """One site; `open_client()` returns a new browser."""

    __test__ = False

    settings: Settings
    database: Database
    clock: ManualClock
    app: Flask

    def open_client(self) -> StrictClient:
        browser = self.app.test_client()
        assert isinstance(browser, StrictClient)
        return browser

    def expect_visit(self, key: str = "1", clinic: str = "riverside", **changes: Any) -> Visit:
        """Expect a patient in a quarter of an hour, unless changed."""
        expected = Visit(
            id=visit_id("main", f"Appointment/{key}"),
            clinic=clinic,
            server="main",
            patient=f"Patient/{key}",
            starts_at=self.clock() + timedelta(minutes=15),
            name="Ana Lopez",
            birth_date=date(1980, 5, 17),
            initials="AL",
            appointment=f"Appointment/{key}",
            record_number=f"MRN-{key}",
            gaps=frozenset({"race", "ethnicity"}),
        )
        expected = replace(expected, **changes)
        with self.database.write() as tx:
            visits.save_visit(tx, expected)
        return expected

    def create_pairing_code(self, clinic: str = "riverside") -> str:
        with self.database.write() as tx:
            return devices.invite_device(tx, clinic, "Front door")

    def add_user(
        self, name: str, *roles: str, password: str = "correct horse battery"
    ) -> users.User:
        with self.database.write() as tx:
            return users.add_user(tx, name, roles, password)


def make_template(folder: Path) -> Path:
    """Make a migrated, empty database and a key, to be copied for each test."""
    create_keys(folder / "keys.json")
    migrate_database(f"sqlite:///{folder / 'intake.sqlite3'}")
    return folder


def make_site(
    template: Path,
    folder: Path,
    public_url: str = "http://localhost",
    *,
    languages: tuple[str, ...] = ("en", "es", "ar"),
    question_set: str = "spd15-2024",
) -> TestSite:
    """Make a site in `folder`, with a copy of the template's database and key."""
    data = folder / "data"
    shutil.copytree(template, data)
    settings_file = INTAKE.format(
        public_url=public_url, data=data, languages=list(languages), questions=question_set
    )
    (folder / "intake.toml").write_text(settings_file, "utf-8")
    (folder / "clinics.toml").write_text(CLINICS, "utf-8")
    settings, clock = load_settings(folder), ManualClock()
    database = open_database(settings.database_url, load_keys(settings.key_file), clock)
    app = create_app(settings, database, clock)
    app.testing = True
    app.test_client_class = StrictClient
    return TestSite(settings, database, clock, app)
