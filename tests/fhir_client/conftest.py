"""Fixtures of the client's tests: a token endpoint, an authority, TLS servers."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from fhir_client.auth import BearerAuth
from fhir_client.client import FhirClient
from tests.support.certificates import CertificateAuthority, create_authority
from tests.support.export_stub import TOKEN, ExportStub
from tests.support.stub_server import StubResponse, StubServer, run_stub_server
from tests.support.token_endpoint import TokenSite

UNTIL = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)
"""The expiry of the TLS servers' certificates, unless a test names another one."""

Secure = Callable[..., StubServer]


@pytest.fixture
def site() -> Iterator[TokenSite]:
    with run_stub_server(lambda _: StubResponse(404)) as server:
        token_site = TokenSite(server, {"token_endpoint": f"{server.url}/token"})
        server.respond = token_site.respond
        yield token_site


@pytest.fixture
def export() -> Iterator[ExportStub]:
    with run_stub_server(lambda _: StubResponse(404)) as server:
        stub = ExportStub(server)
        server.respond = stub.answer
        yield stub


@pytest.fixture
def client(export: ExportStub) -> Iterator[FhirClient]:
    with FhirClient(export.base, BearerAuth(TOKEN), timeout=5) as opened:
        yield opened


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """A certificate authority that is trusted only where a test says so."""
    return create_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(ours: CertificateAuthority) -> Iterator[Secure]:
    """Start a TLS server; with `version` it speaks only that and asks for a certificate."""
    patient = StubResponse(body=b'{"resourceType": "Patient", "id": "1"}')
    with ExitStack() as stack:

        def start(until: datetime = UNTIL, version: ssl.TLSVersion | None = None) -> StubServer:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(ours.issue_certificate("server", until))
            if version is not None:
                context.minimum_version = context.maximum_version = version
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(ours.file)
            return stack.enter_context(run_stub_server(lambda _: patient, context))

        yield start
