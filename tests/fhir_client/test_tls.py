"""Certificates of both sides, against real TLS servers with an authority of the tests."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, FhirError, ServerError, TemporaryError
from fhir_client.transport.tls import (
    Tls,
    certificate_file_expiry,
    handshake_alert,
    server_certificate_expiry,
)
from tests.fhir_client.conftest import UNTIL, Secure
from tests.support.certificates import CertificateAuthority, create_authority
from tests.support.stub_server import StubResponse, run_stub_server

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def client_certificate(ours: CertificateAuthority) -> Path:
    return ours.issue_certificate("client")


def read(url: str, tls: Tls) -> None:
    with FhirClient(url, timeout=5, tls=tls) as client:
        client.read("Patient/1")


def fault(url: str, tls: Tls) -> FhirError:
    with pytest.raises(FhirError) as caught:
        read(url, tls)
    return caught.value


def test_the_expiry_is_the_certificates_own(secure: Secure, ours: CertificateAuthority) -> None:
    assert server_certificate_expiry(secure().url, tls=Tls(str(ours.file)), timeout=5) == UNTIL


def test_an_untrusted_certificate_has_no_expiry(secure: Secure) -> None:
    assert server_certificate_expiry(secure().url, timeout=5) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/fhir", "https://127.0.0.1:9/fhir", "https:///fhir"]
)
def test_a_server_without_tls_has_no_expiry(url: str) -> None:
    assert server_certificate_expiry(url, timeout=5) is None


def test_an_unknown_authority_is_the_servers_fault(secure: Secure) -> None:
    found = fault(secure().url, Tls())
    assert (type(found), found.message) == (
        ServerError,
        "The server's certificate is not trusted, or has expired.",
    )


def test_an_expired_certificate_is_the_servers_fault(
    secure: Secure, ours: CertificateAuthority
) -> None:
    found = fault(secure(datetime.now(UTC) - timedelta(hours=1)).url, Tls(str(ours.file)))
    assert (type(found), found.message) == (
        ServerError,
        "The server's certificate is not trusted, or has expired.",
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_asks_for_a_client_certificate_gets_it(
    secure: Secure, ours: CertificateAuthority, client_certificate: Path, version: ssl.TLSVersion
) -> None:
    tls = Tls(str(ours.file), str(client_certificate))
    url = secure(version=version).url
    read(url, tls)
    assert server_certificate_expiry(url, tls=tls, timeout=5) == UNTIL
    assert certificate_file_expiry(client_certificate) is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_missing_client_certificate_is_our_fault(
    secure: Secure, ours: CertificateAuthority, version: ssl.TLSVersion
) -> None:
    found = fault(secure(version=version).url, Tls(str(ours.file)))
    assert (type(found), found.status) == (AccessError, None)
    assert "our client certificate" in found.message


def test_a_broken_connection_is_temporary(
    ours: CertificateAuthority,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours.issue_certificate("server"))

    def hang_up(_: object) -> StubResponse:
        raise ConnectionAbortedError

    with run_stub_server(hang_up, context) as server:
        found = fault(server.url, Tls(str(ours.file)))
    assert (type(found), found.message) == (TemporaryError, "The server cannot be reached.")


def test_a_server_that_accepts_us_sends_no_alert(
    secure: Secure, ours: CertificateAuthority, client_certificate: Path
) -> None:
    tls = Tls(str(ours.file), str(client_certificate))
    assert handshake_alert(secure(version=ssl.TLSVersion.TLSv1_3).url, tls, timeout=0.2) == ""
    assert handshake_alert("http://127.0.0.1:9", tls) == ""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["of another authority", "expired"])
def test_a_refused_client_certificate_is_our_fault(
    secure: Secure, ours: CertificateAuthority, tmp_path: Path, version: ssl.TLSVersion, kind: str
) -> None:
    shown = (
        create_authority(tmp_path, "another authority").issue_certificate("client")
        if kind != "expired"
        else ours.issue_certificate("old", datetime.now(UTC) - timedelta(hours=1))
    )
    found = fault(secure(version=version).url, Tls(str(ours.file), str(shown)))
    assert (type(found), "our client certificate" in found.message) == (AccessError, True)


def test_the_key_may_have_its_own_file(
    secure: Secure, ours: CertificateAuthority, client_certificate: Path, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    whole = client_certificate.read_bytes()
    cut = whole.index(b"-----BEGIN CERTIFICATE")
    key.write_bytes(whole[:cut])
    certificate.write_bytes(whole[cut:])
    read(
        secure(version=ssl.TLSVersion.TLSv1_3).url, Tls(str(ours.file), str(certificate), str(key))
    )


def sealed(path: Path) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    best = serialization.BestAvailableEncryption(b"password")
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, best)


def test_unusable_files_are_named_before_anything_is_sent(
    ours: CertificateAuthority, client_certificate: Path, tmp_path: Path
) -> None:
    key = tmp_path / "sealed.pem"
    key.write_bytes(sealed(key))
    for wrong in (
        Tls(certificate=str(tmp_path / "none.pem")),
        Tls(certificate=str(ours.file)),
        Tls(certificate=str(client_certificate), key=str(key)),
        Tls(certificate=str(client_certificate), key=str(ours.issue_certificate("another"))),
    ):
        with pytest.raises(AccessError, match=r"client certificate cannot be used: .*\.pem"):
            wrong.load_context()
    with pytest.raises(AccessError, match=r"authorities cannot be read from .*none\.pem"):
        Tls(ca_file=str(tmp_path / "none.pem")).load_context()


def test_a_file_without_a_certificate_has_no_expiry(tmp_path: Path) -> None:
    assert certificate_file_expiry(tmp_path / "none.pem") is None
    (tmp_path / "odd.pem").write_text("odd", "utf-8")
    assert certificate_file_expiry(tmp_path / "odd.pem") is None
