"""Real databases: SQLite in a file and PostgreSQL, each migrated; and a clock that the test sets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from intake.store import audit
from intake.store.crypto import Cipher, create_keys, load_keys
from intake.store.database import Database, open_database
from intake.store.migrate import migrate_database


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def stored_actors(database: Database) -> list[str]:
    """Who is noted in the audit, in the order of writing."""
    with database.read() as tx:
        return [entry.who for entry in reversed(audit.recent_entries(tx, limit=10_000))]


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="session")
def cipher(tmp_path_factory: pytest.TempPathFactory) -> Cipher:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    create_keys(path)
    return load_keys(path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database, of either kind."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'intake.sqlite3'}"
        migrate_database(address)
        yield address
        return
    main: str = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    engine = create_engine(main, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = engine.url.set(database=name).render_as_string(hide_password=False)
    migrate_database(address)
    yield address
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def database(url: str, cipher: Cipher, clock: TestClock) -> Iterator[Database]:
    found = open_database(url, cipher, clock)
    yield found
    found.close()
