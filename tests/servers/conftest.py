"""What stands before the real FHIR server: a proxy of faults, and an outbox whose worker goes through it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_client.client import Client
from intake.settings import load
from intake.store.crypto import load_keys
from intake.store.database import open_database
from tests.cli.conftest import lay_out
from tests.faults import Proxy, proxy_to
from tests.outbox import Outbox
from tests.sites import SetClock


@pytest.fixture
def proxy(server: str) -> Iterator[Proxy]:
    """A proxy before the server, without faults until it is told some."""
    with proxy_to(server) as found:
        yield found


@pytest.fixture
def outbox(template: Path, tmp_path: Path, proxy: Proxy, client: Client) -> Iterator[Outbox]:
    """An empty outbox whose worker reaches the server through the proxy."""
    # Pinned, so that the faults of a test's plan meet the writing, and not the question what the server offers.
    lay_out(tmp_path, proxy.base_url, strategy="transaction")
    settings, clock = load(tmp_path), SetClock()
    settings.data_dir.mkdir()
    for held in template.iterdir():
        (settings.data_dir / held.name).write_bytes(held.read_bytes())
        (settings.data_dir / held.name).chmod(0o600)
    database = open_database(settings.database_url, load_keys(settings.key_file), clock)
    yield Outbox(settings, database, clock, proxy, client)
    database.close()
