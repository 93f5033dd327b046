"""What the tests of the client share."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.certificates import Authority, authority
from tests.fhir_client.tokens import Site
from tests.listening import Listening, Said, listening

UNTIL = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)
"""When the certificates of TLS servers expire, unless a test says otherwise."""

Secure = Callable[..., Listening]


@pytest.fixture
def site() -> Iterator[Site]:
    with listening(lambda _: Said(404)) as server:
        found = Site(server, {"token_endpoint": f"{server.url}/token"})
        server.answer = found.respond
        yield found


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority of our own, that nobody trusts by itself."""
    return authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(ours: Authority) -> Iterator[Secure]:
    """Starts a TLS server; with `version` it speaks that alone and asks for a client's certificate."""
    patient = Said(body=b'{"resourceType": "Patient", "id": "1"}')
    with ExitStack() as stack:

        def start(until: datetime = UNTIL, version: ssl.TLSVersion | None = None) -> Listening:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(ours.issue("server", until))
            if version is not None:
                context.minimum_version = context.maximum_version = version
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(ours.file)
            return stack.enter_context(listening(lambda _: patient, context))

        yield start
