"""Quirk profiles: files that need no code, whose faults are all named at once."""

from dataclasses import fields
from pathlib import Path

import pytest

from fhir_client.quirks import Quirks
from intake.ehr.clients import server_quirks
from intake.settings import QuirksProfile, SettingsError, load_settings
from intake.settings.values import STRATEGY_NAMES

SERVER = '[servers.main]\nbase_url = "https://fhir.example.org"\n'


def test_the_shipped_profiles_are_those_that_the_design_names() -> None:
    settings = load_settings()
    named = {"generic", "medplum", "hapi", "epic", "oracle-health", "athenahealth", "athenaflex"}
    assert set(settings.quirks) == named
    assert settings.quirks["generic"] == QuirksProfile()


def test_a_profile_has_the_keys_of_the_client_and_their_defaults() -> None:
    assert {each.name: getattr(QuirksProfile(), each.name) for each in fields(QuirksProfile)} == {
        each.name: getattr(Quirks(), each.name) for each in fields(Quirks)
    }
    assert QuirksProfile().rungs == STRATEGY_NAMES


def test_a_site_adds_its_own_without_code(tmp_path: Path) -> None:
    (tmp_path / "quirks").mkdir()
    (tmp_path / "quirks" / "ours.toml").write_text('rungs = ["put"]\nbatch = false\n', "utf-8")
    (tmp_path / "intake.toml").write_text(f'{SERVER}quirks = "ours"\nstrategy = "put"\n', "utf-8")
    settings = load_settings(tmp_path)
    assert server_quirks(settings.servers["main"], settings) == Quirks(rungs=("put",), batch=False)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "quirks").mkdir()
    profile = (
        'rungs = ["post"]\naccepted_extensions = ["race"]\nquestionnaire = "urn:q"\nreplace = 1\n'
    )
    (tmp_path / "quirks" / "ours.toml").write_text(profile.replace("replace = 1\n", ""), "utf-8")
    (tmp_path / "quirks" / "other.toml").write_text("replace = 1\nbatch = 7\n", "utf-8")
    (tmp_path / "intake.toml").write_text(f'{SERVER}quirks = "none"\nstrategy = "post"\n', "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    told = "\n".join(caught.value.faults)
    for words in (
        "quirks/ours.toml: rungs: 'post' is not among transaction, patch",
        "quirks/ours.toml: accepted_extensions: 'race' is no address",
        "quirks/ours.toml: questionnaire, items:",
        "quirks/other.toml: unknown key 'replace'",
        "quirks/other.toml: batch: ",
        "servers.main: quirks: there is no quirks/none.toml",
        "servers.main: strategy: 'post' is not among auto, transaction",
    ):
        assert words in told
