"""How a FHIR server lets us in, as `intake check` and the worker find it: files, certificates, secrets."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fhir_client.errors import AccessError
from intake.clock import system_clock
from intake.diagnostics.access import check_files
from intake.diagnostics.check import check_server
from intake.diagnostics.findings import Finding, Verdict
from intake.ehr.clients import build_client
from intake.ehr.credentials import read_secret
from intake.settings import Auth, AuthKind, Server, load_settings
from tests.support.certificates import CertificateAuthority, create_authority
from tests.support.stub_server import StubResponse, StubServer, run_stub_server

NONE = Auth(AuthKind.NONE, "", None, "", None, "", "ES384", "", ())
SERVER = Server(
    "main", "http://127.0.0.1:9/fhir", "6.1.0", "generic", timedelta(seconds=5), NONE, None, 1
)


@pytest.fixture
def ours(tmp_path: Path) -> CertificateAuthority:
    return create_authority(tmp_path)


@pytest.fixture
def mutual(ours: CertificateAuthority) -> Iterator[StubServer]:
    """A server that asks for a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ours.file))
    context.load_cert_chain(ours.issue_certificate("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    with run_stub_server(
        lambda _: StubResponse(body=b'{"resourceType": "Patient", "id": "1"}'), context
    ) as found:
        yield found


def wrong(found: Iterator[Finding]) -> list[str]:
    return [f"{each.words} -> {each.way_out}" for each in found if each.verdict is Verdict.WRONG]


@pytest.mark.parametrize("kind", [AuthKind.NONE, AuthKind.BEARER, AuthKind.BASIC])
def test_our_certificate_works_beside_the_other_ways(
    mutual: StubServer, ours: CertificateAuthority, tmp_path: Path, kind: AuthKind
) -> None:
    (tmp_path / "secret").write_text("s3cret\n", "utf-8")
    auth = replace(NONE, kind=kind, username="intake", secret_file=tmp_path / "secret")
    shown = ours.issue_certificate("client")
    with build_client(
        replace(SERVER, base_url=mutual.url, auth=auth, ca_file=ours.file, certificate_file=shown)
    ) as client:
        client.read("Patient/1")
    sent = mutual.requests[-1].headers.get("Authorization", "")
    assert sent.split(" ")[0] == {"none": "", "bearer": "Bearer", "basic": "Basic"}[kind]


def test_without_our_certificate_the_check_says_whose_fault_it_is(
    mutual: StubServer, ours: CertificateAuthority
) -> None:
    server = replace(SERVER, base_url=mutual.url, ca_file=ours.file)
    [fault] = wrong(check_server(server, replace(load_settings(), clinics={}), system_clock))
    assert "asks for one and gets none. -> Look at auth in [servers.main]" in fault


@pytest.mark.parametrize(("days", "words"), [(-1, "ends on"), (29, "ends on"), (31, None)])
def test_the_end_of_our_certificate_is_told_in_time(
    ours: CertificateAuthority, days: int, words: str | None
) -> None:
    shown = ours.issue_certificate("client", datetime.now(UTC) + timedelta(days=days, hours=1))
    [found] = check_files("server main", replace(SERVER, certificate_file=shown), system_clock())
    assert (found.verdict is Verdict.WRONG, words is None or words in found.words) == (
        words is not None,
        True,
    )


def test_a_certificate_that_is_not_there_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    server = replace(SERVER, certificate_file=tmp_path / "none.pem")
    assert len(wrong(check_server(server, replace(load_settings(), clinics={}), system_clock))) == 2
    with pytest.raises(AccessError, match=r"none\.pem"):
        build_client(server)


def test_secrets_that_others_can_read_are_named(tmp_path: Path) -> None:
    held = {name: tmp_path / name for name in ("secret", "key", "certificate-key")}
    for path in held.values():
        path.write_text("s3cret", "utf-8")
        path.chmod(0o644)
    auth = replace(NONE, secret_file=held["secret"], key_file=held["key"])
    server = replace(SERVER, auth=auth, certificate_key_file=held["certificate-key"])
    assert wrong(check_files("server main", server, system_clock())) == [
        f"{path}: everybody on this machine can read it -> Take their right away: chmod o= {path}"
        for path in held.values()
    ]
    for path in held.values():
        path.chmod(0o640)
    assert wrong(check_files("server main", server, system_clock())) == []


@pytest.mark.parametrize(
    ("held", "words"),
    [(None, "cannot be read from"), ("", "one line of text"), ("two\nlines", "one line of text")],
)
def test_a_secret_that_is_not_one_line_of_its_file_is_no_secret(
    tmp_path: Path, held: str | None, words: str
) -> None:
    path = tmp_path / "secret"
    if held is not None:
        path.write_text(held, "utf-8")
    for kind in (AuthKind.BASIC, AuthKind.BEARER):
        with pytest.raises(AccessError, match=words) as caught:
            build_client(
                replace(SERVER, auth=replace(NONE, kind=kind, username="u", secret_file=path))
            )
        assert "lines" not in caught.value.message


def test_a_secrets_last_newline_is_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\r\n", "utf-8")
    assert (
        read_secret(replace(SERVER, auth=replace(NONE, secret_file=tmp_path / "secret")))
        == "s3cret"
    )
