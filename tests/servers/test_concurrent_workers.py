"""Four worker processes and two hundred patients leave one effect each."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from intake.store.crypto import load_keys
from intake.store.database import open_database
from intake.store.migrate import migrate_database
from intake.store.outbox.counts import count_by_status
from intake.store.outbox.records import Status
from tests.support.census import Discrepancies, compare_censuses, take_census
from tests.support.many_patients import create_patients, submit_generated
from tests.support.outbox import Outbox
from tests.support.workers import run_workers

pytestmark = pytest.mark.server
PATIENTS, PATIENCE = 200, 300


def delivered_once(outbox: Outbox, seed: int) -> None:
    """Let four workers deliver for two hundred patients; compare all of the server."""
    patients = create_patients(outbox.direct_client, PATIENTS)
    before = take_census(outbox.direct_client)
    all_submissions = submit_generated(outbox, patients, PATIENTS, seed)
    with run_workers(outbox) as workers:
        assert workers.wait_until_done(PATIENCE) == 0
    with outbox.database.read() as tx:
        assert count_by_status(tx)[Status.VERIFIED] == PATIENTS
    assert (
        compare_censuses(
            before, take_census(outbox.direct_client), all_submissions, outbox.settings
        )
        == Discrepancies()
    )


def test_two_hundred_patients_by_four_workers(now: Outbox) -> None:
    delivered_once(now, seed=1)


@pytest.fixture
def on_postgres(now: Outbox, postgres: str) -> Iterator[Outbox]:
    """The outbox in a PostgreSQL, as at a site with several machines."""
    name = f"test_{uuid4().hex}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = engine.url.set(database=name).render_as_string(hide_password=False)
    engine.dispose()
    migrate_database(address)
    file = now.settings_file
    file.write_text(f'database = "{address}"\n{file.read_text("utf-8")}', "utf-8")
    settings = replace(now.settings, database_url=address)
    database = open_database(address, load_keys(settings.key_file), now.clock)
    yield replace(now, settings=settings, database=database)
    database.close()


@pytest.mark.postgres
def test_two_hundred_patients_by_four_workers_on_postgres(on_postgres: Outbox) -> None:
    delivered_once(on_postgres, seed=2)
