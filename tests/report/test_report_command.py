"""`intake report` writes results to stdout, messages to stderr, and exits with 0, 1 or 2."""

import argparse
import gzip
import json
from pathlib import Path

import pytest

from intake.cli.report import add_arguments, run
from tests.support.report_export import AS_OF, ExportFolder, group_extension


@pytest.fixture
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site with one clinic, Riverside."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "intake.toml").write_text(
        '[servers.main]\nbase_url = "http://127.0.0.1:9"\n', "utf-8"
    )
    (folder / "clinics.toml").write_text(
        '[riverside]\nname = "Riverside"\ntime_zone = "America/New_York"\nserver = "main"\n'
        'organization = "Organization/river"\nlocations = []\nrecord_number_system = "urn:mrn"\n',
        encoding="utf-8",
    )
    return folder


def run_report(folder: Path, config: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTAKE_CONFIG", str(config))
        return run(parser.parse_args(["--from", str(folder), *options]), lambda: AS_OF)


@pytest.fixture
def export(export_folder: ExportFolder) -> Path:
    for number in range(40):
        export_folder.add_patient(f"p{number}", group_extension("race", "2106-3", text="White"))
    return export_folder.write_files()


@pytest.mark.parametrize(
    ("form", "sign"),
    [("text", "Riverside"), ("json", '"riverside"'), ("csv", "riverside,"), ("html", "<h1>")],
)
def test_every_format_is_written_to_stdout(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str], form: str, sign: str
) -> None:
    assert run_report(export, config, "--period", "2026-Q3", "--format", form) == 0
    out, words = capsys.readouterr()
    assert sign in out
    assert "2026-07-01" in words


def test_a_broken_line_is_named_on_stderr(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (export / "Patient.ndjson").open("a", encoding="utf-8") as file:
        file.write('{"resourceType":"Patient","name":"Secret"\n')
    assert run_report(export, config, "--period", "2026-Q3", "--format", "json") == 1
    out, words = capsys.readouterr()
    assert "Patient.ndjson:41: is not JSON" in words
    assert "Secret" not in words
    decoded = json.loads(out)
    # The edition to share is the one by default: 40 people are in the bin from 36 to 40.
    assert (decoded["edition"], decoded["broken_lines"]) == ("share", 1)
    assert decoded["rows"][-1]["people"] == 38


def test_clinics_none_makes_organizations_rows(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run_report(export, config, "--period", "2026-Q3", "--clinics", "none", "--format", "json")
        == 0
    )
    assert [row["clinic"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["river", None]


@pytest.mark.parametrize("period", ["2026-Q5", "2026-13", "yesterday", ""])
def test_a_wrong_period_is_refused(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str], period: str
) -> None:
    assert run_report(export, config, "--period", period) == 2
    assert "is not a period" in capsys.readouterr().err


def test_a_folder_without_files_is_refused(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_report(tmp_path, config, "--period", "2026") == 2
    assert "Patient" in capsys.readouterr().err
    assert run_report(tmp_path / "none", config, "--period", "2026") == 2


def test_an_unknown_time_zone_is_refused(export: Path, config: Path) -> None:
    assert run_report(export, config, "--period", "2026", "--time-zone", "Mars/Olympus") == 2


def test_a_faulty_configuration_is_refused(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clinics.toml").write_text("[river]\n", encoding="utf-8")
    assert run_report(export, tmp_path, "--period", "2026") == 1
    assert "clinics.toml" in capsys.readouterr().err


def cut_patients_off(export: Path) -> None:
    whole = (export / "Patient.ndjson").read_bytes()
    (export / "Patient.ndjson").unlink()
    (export / "Patient.000.ndjson.gz").write_bytes(gzip.compress(whole)[:-20])


def test_a_cut_off_file_is_refused_unless_partial_is_allowed(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_patients_off(export)
    assert run_report(export, config, "--period", "2026-Q3") == 1
    out, words = capsys.readouterr()
    assert out == ""
    assert "Patient.000.ndjson.gz" in words
    assert "--allow-partial" in words


@pytest.mark.parametrize("form", ["text", "json", "csv", "html"])
def test_every_output_says_first_what_is_missing(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    cut_patients_off(export)
    options = ("--period", "2026-Q3", "--format", form, "--allow-partial")
    assert run_report(export, config, *options) == 1
    out = capsys.readouterr().out
    assert "Patient.000.ndjson.gz" in out
    if form != "json":
        assert out.index("Patient.000.ndjson.gz") < out.index("Riverside")


def test_a_future_period_says_that_it_has_not_begun(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_report(export, config, "--period", "2027-Q3") == 2
    out, words = capsys.readouterr()
    assert (out, "has not begun" in words) == ("", True)


@pytest.mark.parametrize("period", ["2026", "2026-Q4", "rolling-12"])
def test_a_running_period_needs_the_internal_edition(
    export: Path, config: Path, capsys: pytest.CaptureFixture[str], period: str
) -> None:
    assert run_report(export, config, "--period", period) == 2
    assert "--edition internal" in capsys.readouterr().err
    options = ("--period", period, "--edition", "internal", "--format", "json")
    assert run_report(export, config, *options) == 0
    decoded = json.loads(capsys.readouterr().out)
    people = 0 if period == "2026-Q4" else 40
    assert (decoded["edition"], decoded["rows"][-1]["people"]) == ("internal", people)
