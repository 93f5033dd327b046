"""Certificates, theirs and ours, against real TLS servers whose authority we make ourselves."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fhir_client.client import Client
from fhir_client.errors import AccessFault, FhirError, ServerFault, Temporary
from fhir_client.tls import Tls, alert, ends, expires
from tests.certificates import Authority, authority
from tests.listening import Said, listening

from .conftest import UNTIL, Secure

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def client_certificate(ours: Authority) -> Path:
    return ours.issue("client")


def read(url: str, tls: Tls) -> None:
    with Client(url, timeout=5, tls=tls) as client:
        client.read("Patient/1")


def fault(url: str, tls: Tls) -> FhirError:
    with pytest.raises(FhirError) as caught:
        read(url, tls)
    return caught.value


def test_the_day_is_the_certificates_own(secure: Secure, ours: Authority) -> None:
    assert expires(secure().url, tls=Tls(str(ours.file)), timeout=5) == UNTIL


def test_a_certificate_that_is_not_trusted_is_not_believed(secure: Secure) -> None:
    assert expires(secure().url, timeout=5) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/fhir", "https://127.0.0.1:9/fhir", "https:///fhir"]
)
def test_where_there_is_none_to_see(url: str) -> None:
    assert expires(url, timeout=5) is None


def test_an_authority_that_we_do_not_know_is_the_servers_fault(secure: Secure) -> None:
    found = fault(secure().url, Tls())
    assert (type(found), found.words) == (
        ServerFault,
        "The server's certificate is not trusted, or has expired.",
    )


def test_an_expired_certificate_is_the_servers_fault(secure: Secure, ours: Authority) -> None:
    found = fault(secure(datetime.now(UTC) - timedelta(hours=1)).url, Tls(str(ours.file)))
    assert (type(found), found.words) == (
        ServerFault,
        "The server's certificate is not trusted, or has expired.",
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_asks_for_our_certificate_gets_it(
    secure: Secure, ours: Authority, client_certificate: Path, version: ssl.TLSVersion
) -> None:
    tls = Tls(str(ours.file), str(client_certificate))
    url = secure(version=version).url
    read(url, tls)
    assert expires(url, tls=tls, timeout=5) == UNTIL
    assert ends(client_certificate) is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_without_our_certificate_it_is_our_access_that_is_at_fault(
    secure: Secure, ours: Authority, version: ssl.TLSVersion
) -> None:
    found = fault(secure(version=version).url, Tls(str(ours.file)))
    assert (type(found), found.status) == (AccessFault, None)
    assert "certificate that we show" in found.words


def test_a_connection_that_breaks_off_is_temporary_and_no_fault_of_certificates(
    ours: Authority,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours.issue("server"))

    def hang_up(_: object) -> Said:
        raise ConnectionAbortedError

    with listening(hang_up, context) as server:
        found = fault(server.url, Tls(str(ours.file)))
    assert (type(found), found.words) == (Temporary, "The server cannot be reached.")


def test_who_lets_us_in_sends_no_alert(
    secure: Secure, ours: Authority, client_certificate: Path
) -> None:
    tls = Tls(str(ours.file), str(client_certificate))
    assert alert(secure(version=ssl.TLSVersion.TLSv1_3).url, tls, timeout=0.2) == ""
    assert alert("http://127.0.0.1:9", tls) == ""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["of another authority", "expired"])
def test_a_certificate_of_ours_that_the_server_does_not_take(
    secure: Secure, ours: Authority, tmp_path: Path, version: ssl.TLSVersion, kind: str
) -> None:
    shown = (
        authority(tmp_path, "another authority").issue("client")
        if kind != "expired"
        else ours.issue("old", datetime.now(UTC) - timedelta(hours=1))
    )
    found = fault(secure(version=version).url, Tls(str(ours.file), str(shown)))
    assert (type(found), "certificate that we show" in found.words) == (AccessFault, True)


def test_the_key_may_be_in_a_file_of_its_own(
    secure: Secure, ours: Authority, client_certificate: Path, tmp_path: Path
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


def test_files_that_cannot_be_used_are_named_before_anything_is_sent(
    ours: Authority, client_certificate: Path, tmp_path: Path
) -> None:
    key = tmp_path / "sealed.pem"
    key.write_bytes(sealed(key))
    for wrong in (
        Tls(certificate=str(tmp_path / "none.pem")),
        Tls(certificate=str(ours.file)),
        Tls(certificate=str(client_certificate), key=str(key)),
        Tls(certificate=str(client_certificate), key=str(ours.issue("another"))),
    ):
        with pytest.raises(AccessFault, match=r"certificate that we show cannot be used: .*\.pem"):
            wrong.context()
    with pytest.raises(AccessFault, match=r"authorities cannot be read from .*none\.pem"):
        Tls(ca_file=str(tmp_path / "none.pem")).context()


def test_when_ours_ends_is_known_only_of_a_certificate(tmp_path: Path) -> None:
    assert ends(tmp_path / "none.pem") is None
    (tmp_path / "odd.pem").write_text("odd", "utf-8")
    assert ends(tmp_path / "odd.pem") is None
