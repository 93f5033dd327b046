"""Fixtures of the store: a migrated SQLite file or PostgreSQL database, keys and a clock."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from intake.store.crypto import Cipher, create_keys, load_keys
from intake.store.database import Database, open_database
from intake.store.migrate import migrate_database
from tests.support.store import TestClock


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
    """The address of an empty, migrated database of either kind."""
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
    opened = open_database(url, cipher, clock)
    yield opened
    opened.close()
