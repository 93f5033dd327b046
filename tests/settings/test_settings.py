"""Settings: a site's files replace the shipped ones, and every fault is named at once."""

import tomllib
from pathlib import Path

import pytest

from fhir_client.model import Element
from intake.settings import (
    ConflictPolicy,
    SettingsError,
    find_serving_faults,
    load_settings,
    load_site_settings,
)
from intake.settings.files import CommonLanguagesTable, IntakeFile, ServerTable, TimesTable
from intake.settings.site_folder import REQUIRED_FILES
from intake.settings.tables import read_table
from intake.shipped import CONFIG

FAULTY = """
public_url = "ftp://clinic"
languages = ["en", "en"]
question_set = "none"
trusted_proxies = "two"
colour = "blue"

[times]
kiosk_warning_seconds = 5
undo_days = 0

[servers.main]
base_url = "nowhere"
us_core = "5.0.0"
auth = "basic"
"""
CLINICS = """
[riverside]
name = ""
time_zone = "America/Gotham"
server = "other"
organization = "Practitioner/7"
"""


def test_loads_the_shipped_files() -> None:
    settings = load_settings()
    assert settings.question_set.id == "spd15-2024"
    assert set(settings.question_sets) == {"spd15-2024", "spd15-2024-tribal", "omb-1997"}
    assert settings.clinics["riverside"].server in settings.servers


def test_the_shipped_file_is_the_loaders_defaults() -> None:
    shipped = tomllib.loads((CONFIG / "intake.toml").read_text("utf-8"))
    assert set(shipped) == set(IntakeFile.__dataclass_fields__)
    [server] = shipped.pop("servers").values()
    assert set(server) == set(ServerTable.__dataclass_fields__)
    faults: list[str] = []
    assert read_table(IntakeFile, shipped, "intake.toml", faults) == IntakeFile()
    table = read_table(ServerTable, server, "intake.toml", faults)
    assert table == ServerTable(base_url=server["base_url"])
    for key, shape in (("times", TimesTable), ("common_languages", CommonLanguagesTable)):
        assert set(shipped[key]) == set(shape.__dataclass_fields__)
    assert faults == []


def test_names_all_faults_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "intake.toml").write_text(
        FAULTY.replace('trusted_proxies = "two"\ncolour = "blue"\n', ""), "utf-8"
    )
    (tmp_path / "clinics.toml").write_text(CLINICS, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    faults = "\n".join(caught.value.faults)
    for place in (
        "intake.toml: public_url",
        "intake.toml: languages",
        "intake.toml: question_set",
        "intake.toml: times: kiosk_warning_seconds",
        "intake.toml: times: undo_days",
        "intake.toml: servers.main: base_url",
        "intake.toml: servers.main: us_core",
        "intake.toml: servers.main: username",
        "intake.toml: servers.main: secret_file",
        "clinics.toml: riverside: name",
        "clinics.toml: riverside: time_zone",
        "clinics.toml: riverside: server",
        "clinics.toml: riverside: organization",
    ):
        assert f"{place}: " in faults


def test_names_wrong_types_and_unknown_keys_together(tmp_path: Path) -> None:
    (tmp_path / "intake.toml").write_text(FAULTY, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    faults = "\n".join(caught.value.faults)
    assert 'intake.toml: trusted_proxies: found "two"; allowed: a number' in faults
    assert "intake.toml: colour: found an unknown key; allowed: public_url, " in faults
    # A fault elsewhere in the file does not hide the faults of its servers.
    assert 'servers.main: us_core: found "5.0.0"; allowed: ' in faults


def test_names_the_line_of_broken_toml(site: Path) -> None:
    (site / "clinics.toml").write_text("[riverside\n", "utf-8")
    with pytest.raises(SettingsError, match=r"clinics\.toml: this is not TOML: .*line 1"):
        load_settings(site)


@pytest.mark.parametrize(
    "name", [*REQUIRED_FILES, "quirks/generic.toml", "questions/omb-1997.toml", "questions/x.toml"]
)
def test_reports_a_syntax_error_as_one_fault(site: Path, name: str) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("[riverside\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(site)
    [fault] = caught.value.faults
    assert fault.startswith(f"{name}: this is not TOML: ")


def test_a_sites_file_replaces_the_shipped_file(site: Path) -> None:
    (site / "intake.toml").write_text(
        'notice = "ours"\nkey_file = "k"\n[servers.main]\nbase_url = "https://ehr/r4/"\n', "utf-8"
    )
    settings = load_settings(site)
    assert (settings.notice, settings.servers["main"].base_url) == ("ours", "https://ehr/r4")
    assert settings.key_file == site / "k"


def test_names_a_missing_folder(site: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        load_settings(site / "missing")


@pytest.mark.parametrize(
    ("url", "served"),
    [
        ("", False),
        ("http://clinic.example", False),
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("https://clinic.example", True),
    ],
)
def test_serves_over_https_or_on_loopback_only(url: str, served: bool) -> None:
    assert (list(find_serving_faults(url)) == []) is served


ACCESS = """
[servers.main]
base_url = "https://ehr.example/fhir"
"""


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('auth = "client-secret"', ["client_id: found nothing", "secret_file: found nothing"]),
        ('auth = "backend-services"', ["client_id: found nothing", "key_file: found nothing"]),
        (
            'token_url = "http://ehr.example/token"',
            ['token_url: found "http://ehr.example/token"; allowed: https; plain http is'],
        ),
        (
            'token_url = "ehr.example"',
            ['token_url: found "ehr.example"; allowed: an http or https address'],
        ),
        (
            'algorithm = "RS256"',
            ['algorithm: found "RS256"; allowed: ES384, RS384'],
        ),
        (
            'certificate_key_file = "k.pem"',
            ["certificate_file: found nothing; allowed: a path, needed beside"],
        ),
    ],
)
def test_names_each_missing_credential_of_a_server(
    site: Path, lines: str, words: list[str]
) -> None:
    (site / "intake.toml").write_text(f"{ACCESS}{lines}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(site)
    faults = [
        fault for fault in caught.value.faults if fault.startswith("intake.toml: servers.main: ")
    ]
    assert all(any(word in fault for fault in faults) for word in words)
    assert len(faults) == len(words)


def test_finds_credential_files_in_the_sites_folder(site: Path) -> None:
    lines = (
        'auth = "backend-services"\nclient_id = "intake"\n'
        'key_file = "k.json"\ncertificate_file = "/etc/c.pem"\n'
    )
    (site / "intake.toml").write_text(f"{ACCESS}{lines}", "utf-8")
    server = load_settings(site).servers["main"]
    assert (server.auth.key_file, server.auth.token_url) == (site / "k.json", "")
    assert (server.certificate_file, server.certificate_key_file) == (Path("/etc/c.pem"), None)


def test_reads_a_conflict_policy_for_each_element(site: Path) -> None:
    (site / "intake.toml").write_text(
        f'[merge]\nrace = "person"\nspoken_language = "chart"\n{ACCESS}', "utf-8"
    )
    policy = load_settings(site).merge
    policies = [policy.policy_for(element) for element in Element]
    assert policies == [
        ConflictPolicy.PERSON,
        ConflictPolicy.REVIEW,
        ConflictPolicy.CHART,
        *[ConflictPolicy.REVIEW] * 3,
    ]
    (site / "intake.toml").write_text(f'[merge]\nrace = "newest"\nsex = "chart"\n{ACCESS}', "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(site)
    assert [fault.partition(": merge: ")[2].split()[0] for fault in caught.value.faults] == [
        "sex:",
        "race:",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("trusted_proxies = -1", "trusted_proxies: found -1; allowed: at least 0"),
        ('languages = ["en", 7]', "languages[2]: found 7; allowed: a text"),
        ("languages = [1979-05-27]", "languages[1]: found a date or time; allowed: a text"),
        ('question_sets = "x"', "question_sets: found an unknown key; allowed: "),
        ('times = "soon"', 'times: found "soon"; allowed: a table of keys'),
        ("[merge]\nrace = true", "merge: race: found true; allowed: review, person, chart"),
        ('[merge]\nrace = "Chart"', "allowed: review, person, chart; did you mean chart?"),
        ("[times]\nundo_day = 9", "times: undo_day: found an unknown key; allowed: "),
    ],
)
def test_gives_every_wrong_value_in_one_form(site: Path, line: str, words: str) -> None:
    shipped = (site / "intake.toml").read_text("utf-8")
    (site / "intake.toml").write_text(f"{line}\n{shipped}", "utf-8")
    if line.startswith("["):
        (site / "intake.toml").write_text(f"{shipped}\n{line}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(site)
    [fault] = caught.value.faults
    assert fault.startswith("intake.toml: ")
    assert words in fault
    if "unknown key" in words:
        assert fault.endswith(("did you mean question_set?", "did you mean undo_days?"))


def test_shows_no_password_of_an_address(site: Path) -> None:
    (site / "intake.toml").write_text(
        '[servers.main]\nbase_url = "ftp://me:hunter2@ehr.example/fhir"\n', "utf-8"
    )
    with pytest.raises(SettingsError, match=r'base_url: found "ftp://…@ehr\.example/fhir"'):
        load_settings(site)


def test_a_real_site_needs_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTAKE_CONFIG", raising=False)
    with pytest.raises(SettingsError, match="There is no site yet: `intake init DIR` makes"):
        load_site_settings()
