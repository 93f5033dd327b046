"""Outboxes for benchmarks: before a FHIR server, and beside a bare table on the same disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fhir_client.client import FhirClient
from intake.clock import system_clock
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database, sqlite_pragmas
from tests.benchmarks.measurement import temporary_folder
from tests.support.fault_proxy import FaultProxy
from tests.support.outbox import Outbox, open_outbox
from tests.support.sites import make_template


@contextmanager
def open_outbox_for_server(
    client: FhirClient, organization: str = "Organization/riverside"
) -> Iterator[Outbox]:
    """Yield an empty outbox whose worker writes to the client's server."""
    with temporary_folder() as place:
        for name in ("template", "site"):
            (place / name).mkdir()
        template = make_template(place / "template")
        with open_outbox(
            place / "site", template, FaultProxy(client.base_url), client, organization
        ) as outbox:
            yield outbox


@contextmanager
def open_outbox_and_bare_table(place: Path) -> Iterator[tuple[Database, sqlite3.Connection]]:
    """Yield our database and a bare SQLite table, in one folder and the same journal mode."""
    make_template(place)
    ours = open_database(
        f"sqlite:///{place / 'intake.sqlite3'}", load_keys(place / "keys.json"), system_clock
    )
    with closing(sqlite3.connect(place / "bare.sqlite3", isolation_level=None, timeout=30)) as bare:
        for pragma in sqlite_pragmas():
            bare.execute(pragma)
        bare.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, content BLOB NOT NULL)")
        yield ours, bare
    ours.close()
