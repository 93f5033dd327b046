"""What is written is judged by the profiles of US Core and Gravity themselves: no error, in any version."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.cli import main
from tests.support.generated_cases import (
    FULL_CHART,
    MINIMAL_CHART,
    build_case_bundle,
    generate_cases,
)
from tests.validator.judge import Judge

pytestmark = pytest.mark.validator
TESTS = Path(__file__).resolve().parents[1]
EXAMPLES = sorted(TESTS.rglob("*answers*.json"))
SEED = 20261124
CHARTS: dict[str, dict[str, Any] | None] = {
    "no chart": None,
    "bare chart": MINIMAL_CHART,
    "full chart": FULL_CHART,
}


def faults(judge: Judge, named: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return each error once, with the name of the first resource that has it."""
    found: dict[str, str] = {}
    for name, errors in zip(named, judge.find_errors(named.values()), strict=True):
        for each in errors:
            found.setdefault(each, name)
    return found


def distinct(bundles: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the Bundles' resources, each once however often it stands there, without their ids."""
    found = {}
    for each in bundles:
        for entry in each["entry"]:
            bare = {key: value for key, value in entry["resource"].items() if key != "id"}
            found[json.dumps(bare, sort_keys=True)] = bare
    return found


def printed(
    capsys: pytest.CaptureFixture[str], answers: Path, version: str, chart: Path | None
) -> dict[str, Any]:
    """Return what `intake bundle` prints."""
    more = [] if chart is None else ["--patient", str(chart)]
    assert main(["bundle", str(answers), "--us-core", version, *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(
    "answers", EXAMPLES, ids=[str(each.relative_to(TESTS)) for each in EXAMPLES]
)
def test_every_example(
    judge: Judge, answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles = {}
    for name, chart in CHARTS.items():
        path = None if chart is None else tmp_path / "patient.json"
        if path is not None:
            path.write_text(json.dumps(chart), "utf-8")
        bundles[name] = printed(capsys, answers, judge.version, path)
    # Who answered nothing leaves the chart alone.
    chart_is_written = {"Patient"} if json.loads(answers.read_text("utf-8"))["answers"] else set()
    assert {"QuestionnaireResponse", "Provenance", *chart_is_written} == {
        entry["resource"]["resourceType"] for each in bundles.values() for entry in each["entry"]
    } - {"Observation"}
    assert faults(judge, bundles) == {}
    assert faults(judge, distinct(list(bundles.values()))) == {}


def test_generated_submissions(judge: Judge, request: pytest.FixtureRequest) -> None:
    count: int = request.config.getoption("submissions")
    bundles = {
        f"case {number}": build_case_bundle(each, judge.version)
        for number, each in enumerate(generate_cases(SEED, count))
    }
    assert len(bundles) == count
    assert faults(judge, bundles) == {}
