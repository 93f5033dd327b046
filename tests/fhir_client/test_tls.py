"""When a certificate expires, asked of a real TLS server whose authority we make ourselves."""

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fhir_client.tls import Tls, expires

UNTIL = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)


def make_certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 that is its own authority, with its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(UNTIL - timedelta(days=90))
        .not_valid_after(UNTIL)
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    held = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "server.pem"
    path.write_bytes(held + certificate.public_bytes(serialization.Encoding.PEM))
    return path


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate hangs up, which is what the test wants."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with QuietServer(("127.0.0.1", 0), Quiet) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/fhir"
        server.shutdown()


def test_the_day_is_the_certificates_own(secure: str, certificate: Path) -> None:
    assert expires(secure, tls=Tls(str(certificate)), timeout=5) == UNTIL


def test_a_certificate_that_is_not_trusted_is_not_believed(secure: str) -> None:
    assert expires(secure, timeout=5) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1/fhir", "https://127.0.0.1:9/fhir", "https:///fhir"])
def test_where_there_is_none_to_see(url: str) -> None:
    assert expires(url, timeout=5) is None
