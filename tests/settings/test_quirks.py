"""Quirk profiles: files without code whose faults are all named at once."""

from pathlib import Path

import pytest

from fhir_client.model import WriteStrategyKind
from fhir_client.quirks import Quirks
from intake.ehr.clients import server_quirks
from intake.settings import SettingsError, load_settings
from intake.settings.values import STRATEGY_DESCRIPTIONS, STRATEGY_NAMES
from tests.support.command_site import write_site

SERVER = '[servers.main]\nbase_url = "https://fhir.example.org"\n'


def test_ships_a_profile_for_each_known_kind_of_server() -> None:
    settings = load_settings()
    expected = {"generic", "medplum", "hapi", "epic", "oracle-health", "athenahealth", "athenaflex"}
    assert set(settings.quirks) == expected
    assert settings.quirks["generic"] == Quirks()


def test_describes_every_write_strategy() -> None:
    assert tuple(STRATEGY_DESCRIPTIONS) == tuple(WriteStrategyKind)
    assert Quirks().write_strategies == STRATEGY_NAMES


@pytest.mark.parametrize("key", ["write_strategies", "rungs"])
def test_a_site_adds_a_profile_without_code(tmp_path: Path, key: str) -> None:
    write_site(tmp_path, "https://fhir.example.org")
    (tmp_path / "quirks").mkdir()
    (tmp_path / "quirks" / "ours.toml").write_text(f'{key} = ["put"]\nbatch = false\n', "utf-8")
    (tmp_path / "intake.toml").write_text(f'{SERVER}quirks = "ours"\nstrategy = "put"\n', "utf-8")
    settings = load_settings(tmp_path)
    quirks = server_quirks(settings.servers["main"], settings)
    assert quirks == Quirks(write_strategies=("put",), batch=False)


def test_names_all_faults_at_once(tmp_path: Path) -> None:
    write_site(tmp_path, "https://fhir.example.org")
    (tmp_path / "quirks").mkdir()
    profile = (
        'write_strategies = ["post"]\naccepted_extensions = ["race"]\nquestionnaire = "urn:q"\n'
    )
    (tmp_path / "quirks" / "ours.toml").write_text(profile, "utf-8")
    (tmp_path / "quirks" / "other.toml").write_text("replace = 1\nbatch = 7\n", "utf-8")
    (tmp_path / "intake.toml").write_text(f'{SERVER}quirks = "none"\nstrategy = "post"\n', "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    faults = "\n".join(caught.value.faults)
    for words in (
        'quirks/ours.toml: write_strategies: found "post"; allowed: transaction, patch',
        'quirks/ours.toml: accepted_extensions: found "race"; allowed: the URL',
        "quirks/ours.toml: items: found nothing; allowed: questionnaire and items",
        "quirks/other.toml: replace: found an unknown key",
        "quirks/other.toml: batch: ",
        'servers.main: quirks: found "none"; allowed: ',
        'servers.main: strategy: found "post"; allowed: auto, transaction',
    ):
        assert words in faults
