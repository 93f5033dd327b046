"""`intake init`: from options or answers to a folder that loads, with keys and next commands."""

import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.cli import main
from intake.cli.init import EHR_ACCESS
from intake.cli.setup.answers import find_system_zone, make_clinic_id
from intake.cli.setup.site_files import SCOPES
from intake.settings import AuthKind, load_settings
from intake.shipped import CONFIG
from tests.support.stub_server import StubRequest, StubResponse, StubServer, run_stub_server

ORGANIZATIONS = [
    {"resourceType": "Organization", "id": "1", "name": "Riverside Clinic"},
    {"resourceType": "Organization", "id": "2", "name": "Hillside Clinic"},
    {"resourceType": "Organization", "id": "3", "name": "Closed Clinic", "active": False},
]
LOCATIONS = [
    {"resourceType": "Location", "id": "7", "name": "Front desk"},
    {
        "resourceType": "Location",
        "id": "8",
        "name": "Second floor",
        "managingOrganization": {"reference": "Organization/2"},
    },
]
CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "Medplum", "version": "5"},
}


def answer_as_ehr(request: StubRequest) -> StubResponse:
    """Answer as a FHIR server with two clinics; reading them needs the user name."""
    path = request.path.partition("?")[0]
    if path == "/metadata":
        return StubResponse(body=json.dumps(CAPABILITIES).encode())
    places = {"/Organization": ORGANIZATIONS, "/Location": LOCATIONS}.get(path, [])
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": place, "search": {"mode": "match"}} for place in places],
    }
    return StubResponse(body=json.dumps(bundle).encode())


@pytest.fixture
def ehr() -> Iterator[StubServer]:
    """An EHR with two clinics."""
    with run_stub_server(answer_as_ehr) as stub:
        yield stub


@pytest.fixture(autouse=True)
def no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that knows no site and no zone."""
    for name in ("INTAKE_CONFIG", "INTAKE_DATA", "INTAKE_QUIET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")


def init(folder: Path, *options: str) -> int:
    return main(["init", str(folder), "--public-url", "http://localhost:8080", *options])


def test_chooses_from_the_servers_places_by_number(
    tmp_path: Path,
    ehr: StubServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = ("https//wrong", ehr.url, "nome", "none", "9", "2", "", "Mars", "America/Chicago")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join((*answers, "", "8 1", "1", ""))))
    assert init(tmp_path / "site") == 0
    words = capsys.readouterr().err
    for part in (
        "2  Hillside Clinic (Organization/2)",
        'found "nome"; allowed: none, basic, ',
        "did you mean none?",
        'found "9"; allowed: a reference such as Organization/123',
        'found "Mars"; allowed: an IANA time zone',
        'found "8"; allowed: numbers of the list',
        "It is Medplum 5; profile medplum.",
    ):
        assert part in words
    assert "Closed Clinic" not in words
    settings = load_settings(tmp_path / "site")
    [clinic] = settings.clinics.values()
    assert (clinic.id, clinic.name) == ("hillside-clinic", "Hillside Clinic")
    assert (clinic.organization, clinic.locations) == ("Organization/2", ("Location/8",))
    assert settings.servers["main"].quirks == "medplum"


def test_writes_only_what_differs_from_the_defaults(tmp_path: Path, ehr: StubServer) -> None:
    options = ("--organization", "Organization/1", "--time-zone", "America/New_York")
    assert init(tmp_path / "site", "--no-input", "--fhir", ehr.url, *options) == 0
    intake = tomllib.loads((tmp_path / "site" / "intake.toml").read_text("utf-8"))
    assert intake == {
        "public_url": "http://localhost:8080",
        "data_dir": "data",
        "servers": {"main": {"base_url": ehr.url, "quirks": "medplum"}},
    }
    clinics = tomllib.loads((tmp_path / "site" / "clinics.toml").read_text("utf-8"))
    assert clinics == {
        "riverside-clinic": {
            "name": "Riverside Clinic",
            "time_zone": "America/New_York",
            "server": "main",
            "organization": "Organization/1",
        }
    }
    assert (tmp_path / "site" / "data" / "keys.json").stat().st_mode & 0o777 == 0o600


BY_HAND = ("--organization", "Organization/1", "--clinic", "Río Salud", "--time-zone", "Asia/Tokyo")
NOWHERE = ("--no-input", "--fhir", "http://127.0.0.1:9/fhir", *BY_HAND)


def test_makes_a_site_that_needs_no_server_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a site"
    assert init(folder, *NOWHERE) == 0
    told = capsys.readouterr()
    assert "Its Organizations cannot be read now: The server cannot be reached." in told.err
    assert f"intake --config '{folder}' serve --port 8080\n" in told.out
    assert [clinic.id for clinic in load_settings(folder).clinics.values()] == ["rio-salud"]
    assert main(["--config", str(folder), "migrate"]) == 0


def test_prints_what_the_ehrs_support_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path / "site", *NOWHERE, "--auth", "backend-services") == 0
    out = capsys.readouterr().out
    [key] = json.loads(out[out.index('{"keys"') :].partition("\n")[0])["keys"]
    assert key["alg"] == "ES384"
    assert not key.keys() & {"d", "p", "q"}
    assert "http://localhost:8080/.well-known/jwks.json" in out
    assert " ".join(SCOPES) in out
    server = load_settings(tmp_path / "site").servers["main"]
    assert server.auth.scopes == SCOPES
    assert server.auth.key_file is not None
    assert server.auth.key_file.stat().st_mode & 0o777 == 0o600


def test_asks_for_the_scopes_of_the_guide() -> None:
    guide = (CONFIG.parent / EHR_ACCESS).read_text("utf-8")
    [scopes] = [part.partition("]")[0] for part in guide.split("scopes = [")[1:]]
    assert tuple(word.strip(' "\n') for word in scopes.split(",")) == SCOPES


def test_keeps_a_typed_secret_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("kim\ns3cret\n"))
    options = [option for option in NOWHERE if option != "--no-input"]
    assert init(tmp_path / "site", *options, "--auth", "basic") == 0
    server = load_settings(tmp_path / "site").servers["main"]
    assert (server.auth.kind, server.auth.username) == (AuthKind.BASIC, "kim")
    assert server.auth.secret_file is not None
    assert server.auth.secret_file.read_text("utf-8") == "s3cret\n"
    assert server.auth.secret_file.stat().st_mode & 0o777 == 0o600
    told = capsys.readouterr()
    assert "s3cret" not in told.out + told.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fhir", "http://127.0.0.1:9"), "--organization is needed"),
        ((), "--fhir is needed"),
        (("--fhir", "ehr.example"), '--fhir: found "ehr.example"; allowed: an http or https'),
        ((*NOWHERE[1:], "--auth", "bearer"), "--secret-file is needed"),
        ((*NOWHERE[1:], "--auth", "berer"), "did you mean bearer?"),
        ((*NOWHERE[1:5], "--clinic", "A"), "--time-zone is needed"),
        ((*NOWHERE[1:], "--language", "e"), '--language: found "e"; allowed: en, '),
        ((*NOWHERE[1:], "--time-zone", "america/chicago"), "did you mean America/Chicago?"),
    ],
)
def test_names_the_missing_or_wrong_option_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    assert init(tmp_path / "site", "--no-input", *options) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_never_writes_over_a_site_or_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path / "site", *NOWHERE) == 0
    before = (tmp_path / "site" / "intake.toml").read_text("utf-8")
    assert init(tmp_path / "site", *NOWHERE) == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "site" / "intake.toml").read_text("utf-8") == before
    data = ("--data-dir", str(tmp_path / "site" / "data"))
    assert init(tmp_path / "second", *NOWHERE, *data) == 1
    assert "Name another folder with --data-dir." in capsys.readouterr().err
    assert list((tmp_path / "second").iterdir()) == []


def test_uses_the_machines_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_DATA", str(tmp_path / "data"))
    assert init(tmp_path / "site", *NOWHERE) == 0
    assert (tmp_path / "data" / "keys.json").is_file()
    assert "data_dir" not in (tmp_path / "site" / "intake.toml").read_text("utf-8")


def test_does_not_take_a_servers_utc_for_the_clinics_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_system_zone() is None
    monkeypatch.setenv("TZ", "America/Denver")
    assert find_system_zone() == "America/Denver"


@pytest.mark.parametrize(
    ("name", "clinic_id"),
    [
        ("Río Salud #2", "rio-salud-2"),
        ("東京", "clinic"),
        ("  A  ", "a"),
        ("St. Mary's", "st-mary-s"),
    ],
)
def test_makes_a_plain_id_of_a_clinics_name(name: str, clinic_id: str) -> None:
    assert make_clinic_id(name) == clinic_id
