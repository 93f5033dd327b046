"""Settings: a site's files replace the shipped ones, and every fault is named at once."""

from dataclasses import fields
from pathlib import Path

import pytest

from fhir_client.model import Element
from intake.settings import ConflictPolicy, SettingsError, find_serving_faults, load_settings
from intake.settings.files import IntakeFile, ServerTable, TimesTable
from intake.settings.loader import read_toml

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


def test_shipped_file_lists_every_key_with_its_default() -> None:
    faults: list[str] = []
    shipped = read_toml(None, "intake.toml", faults)
    assert set(shipped) == set(IntakeFile.__dataclass_fields__)
    assert shipped["times"] == {
        key: getattr(TimesTable(), key) for key in TimesTable.__dataclass_fields__
    }
    defaults = {field.name: field.default for field in fields(ServerTable)} | {
        "base_url": shipped["servers"]["main"]["base_url"]
    }
    assert {**shipped["servers"]["main"], "scopes": ()} == defaults
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
    assert "intake.toml: trusted_proxies: expected `int`, got `str`" in faults
    assert "intake.toml: unknown key 'colour'" in faults


def test_names_the_line_of_broken_toml(tmp_path: Path) -> None:
    (tmp_path / "clinics.toml").write_text("[riverside\n", "utf-8")
    with pytest.raises(SettingsError, match=r"clinics\.toml: this is not TOML: .*line 1"):
        load_settings(tmp_path)


def test_a_sites_file_replaces_the_shipped_file(tmp_path: Path) -> None:
    (tmp_path / "intake.toml").write_text(
        'notice = "ours"\nkey_file = "k"\n[servers.main]\nbase_url = "https://ehr/r4/"\n', "utf-8"
    )
    settings = load_settings(tmp_path)
    assert (settings.notice, settings.servers["main"].base_url) == ("ours", "https://ehr/r4")
    assert settings.key_file == tmp_path / "k"
    assert set(settings.clinics) == set(load_settings().clinics)


def test_names_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        load_settings(tmp_path / "missing")


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
        ('auth = "client-secret"', ["client_id: needed", "secret_file: needed"]),
        ('auth = "backend-services"', ["client_id: needed", "key_file: needed"]),
        (
            'token_url = "http://ehr.example/token"',
            ["token_url: plain http is for this machine only"],
        ),
        ('token_url = "ehr.example"', ["token_url: 'ehr.example' is no http or https address"]),
        ('algorithm = "RS256"', ["algorithm: ES384 or RS384"]),
        (
            'certificate_key_file = "k.pem"',
            ["certificate_file: needed beside certificate_key_file"],
        ),
    ],
)
def test_names_each_missing_credential_of_a_server(
    tmp_path: Path, lines: str, words: list[str]
) -> None:
    (tmp_path / "intake.toml").write_text(f"{ACCESS}{lines}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    faults = [
        fault for fault in caught.value.faults if fault.startswith("intake.toml: servers.main: ")
    ]
    assert all(any(word in fault for fault in faults) for word in words)
    assert len(faults) == len(words)


def test_finds_credential_files_in_the_sites_folder(tmp_path: Path) -> None:
    lines = (
        'auth = "backend-services"\nclient_id = "intake"\n'
        'key_file = "k.json"\ncertificate_file = "/etc/c.pem"\n'
    )
    (tmp_path / "intake.toml").write_text(f"{ACCESS}{lines}", "utf-8")
    server = load_settings(tmp_path).servers["main"]
    assert (server.auth.key_file, server.auth.token_url) == (tmp_path / "k.json", "")
    assert (server.certificate_file, server.certificate_key_file) == (Path("/etc/c.pem"), None)


def test_reads_a_conflict_policy_for_each_element(tmp_path: Path) -> None:
    (tmp_path / "intake.toml").write_text(
        f'[merge]\nrace = "person"\nspoken_language = "chart"\n{ACCESS}', "utf-8"
    )
    policy = load_settings(tmp_path).merge
    policies = [policy.policy_for(element) for element in Element]
    assert policies == [
        ConflictPolicy.PERSON,
        ConflictPolicy.REVIEW,
        ConflictPolicy.CHART,
        *[ConflictPolicy.REVIEW] * 3,
    ]
    (tmp_path / "intake.toml").write_text(
        f'[merge]\nrace = "newest"\nsex = "chart"\n{ACCESS}', "utf-8"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert [fault.partition(": merge: ")[2].split()[0] for fault in caught.value.faults] == [
        "unknown",
        "race:",
    ]
