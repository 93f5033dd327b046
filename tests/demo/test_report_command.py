"""`intake report --search` counts on a live server as the worker does."""

import json

import pytest

from intake.cli import main
from intake.feed.live_report import NIGHTLY_PERIOD
from intake.settings import Settings
from tests.demo.conftest import SeededDemo, patients_seen

pytestmark = pytest.mark.server


def test_searches_in_the_command_as_in_the_worker(
    settings: Settings,
    world: SeededDemo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INTAKE_CONFIG", str(settings.directory))
    options = ["--period", NIGHTLY_PERIOD, "--edition", "internal", "--format", "json"]
    assert main(["report", "--search", *options]) == 0
    out, words = capsys.readouterr()
    expected = patients_seen(world)
    assert [row["people"] for row in json.loads(out)["rows"][:-1]] == [
        len(expected[clinic]) for clinic in settings.clinics
    ]
    assert words.startswith("searching demo for rolling-12")


def test_refuses_options_that_need_files(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_CONFIG", str(settings.directory))
    assert main(["report", "--search", "--period", NIGHTLY_PERIOD, "--clinics", "none"]) == 2
    assert main(["report", "--search", "--period", "yesterday"]) == 2
