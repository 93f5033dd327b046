"""How a FHIR server admits us: certificates, secrets, and the files that hold them."""

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
def our_authority(tmp_path: Path) -> CertificateAuthority:
    return create_authority(tmp_path)


@pytest.fixture
def mutual(our_authority: CertificateAuthority) -> Iterator[StubServer]:
    """A server that requires a client certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(our_authority.file))
    context.load_cert_chain(our_authority.issue_certificate("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    with run_stub_server(
        lambda _: StubResponse(body=b'{"resourceType": "Patient", "id": "1"}'), context
    ) as server:
        yield server


def find_faults(findings: Iterator[Finding]) -> list[str]:
    return [
        f"{finding.words} -> {finding.way_out}"
        for finding in findings
        if finding.verdict is Verdict.WRONG
    ]


@pytest.mark.parametrize("kind", [AuthKind.NONE, AuthKind.BEARER, AuthKind.BASIC])
def test_presents_our_certificate_with_every_kind_of_authentication(
    mutual: StubServer, our_authority: CertificateAuthority, tmp_path: Path, kind: AuthKind
) -> None:
    (tmp_path / "secret").write_text("s3cret\n", "utf-8")
    auth = replace(NONE, kind=kind, username="intake", secret_file=tmp_path / "secret")
    certificate = our_authority.issue_certificate("client")
    with build_client(
        replace(
            SERVER,
            base_url=mutual.url,
            auth=auth,
            ca_file=our_authority.file,
            certificate_file=certificate,
        )
    ) as client:
        client.read("Patient/1")
    authorization = mutual.requests[-1].headers.get("Authorization", "")
    assert authorization.split(" ")[0] == {"none": "", "bearer": "Bearer", "basic": "Basic"}[kind]


def test_names_the_missing_client_certificate(
    mutual: StubServer, our_authority: CertificateAuthority
) -> None:
    server = replace(SERVER, base_url=mutual.url, ca_file=our_authority.file)
    [fault] = find_faults(check_server(server, replace(load_settings(), clinics={}), system_clock))
    assert "asks for one and gets none. -> Look at auth in [servers.main]" in fault


@pytest.mark.parametrize(("days", "words"), [(-1, "ends on"), (29, "ends on"), (31, None)])
def test_reports_our_certificate_a_month_before_it_expires(
    our_authority: CertificateAuthority, days: int, words: str | None
) -> None:
    certificate = our_authority.issue_certificate(
        "client", datetime.now(UTC) + timedelta(days=days, hours=1)
    )
    [finding] = check_files(
        "server main", replace(SERVER, certificate_file=certificate), system_clock()
    )
    assert (finding.verdict is Verdict.WRONG, words is None or words in finding.words) == (
        words is not None,
        True,
    )


def test_names_a_missing_certificate_file_before_the_first_request(tmp_path: Path) -> None:
    server = replace(SERVER, certificate_file=tmp_path / "none.pem")
    assert (
        len(find_faults(check_server(server, replace(load_settings(), clinics={}), system_clock)))
        == 2
    )
    with pytest.raises(AccessError, match=r"none\.pem"):
        build_client(server)


def test_names_secret_files_that_other_users_can_read(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("secret", "key", "certificate-key")}
    for path in paths.values():
        path.write_text("s3cret", "utf-8")
        path.chmod(0o644)
    auth = replace(NONE, secret_file=paths["secret"], key_file=paths["key"])
    server = replace(SERVER, auth=auth, certificate_key_file=paths["certificate-key"])
    assert find_faults(check_files("server main", server, system_clock())) == [
        f"{path}: every user of this machine can read it -> Remove their access: chmod o= {path}"
        for path in paths.values()
    ]
    for path in paths.values():
        path.chmod(0o640)
    assert find_faults(check_files("server main", server, system_clock())) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read from"), ("", "one line of text"), ("two\nlines", "one line of text")],
)
def test_refuses_a_secret_that_is_not_exactly_one_line(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content, "utf-8")
    for kind in (AuthKind.BASIC, AuthKind.BEARER):
        with pytest.raises(AccessError, match=words) as caught:
            build_client(
                replace(SERVER, auth=replace(NONE, kind=kind, username="u", secret_file=path))
            )
        assert "lines" not in caught.value.message


def test_strips_the_newline_at_the_end_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\r\n", "utf-8")
    assert (
        read_secret(replace(SERVER, auth=replace(NONE, secret_file=tmp_path / "secret")))
        == "s3cret"
    )
