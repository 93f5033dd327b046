"""The profiles of US Core and Gravity find no error in what we write, in any version."""

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


def errors_by_name(judge: Judge, resources: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return each error once, with the name of the first resource that has it."""
    first_names: dict[str, str] = {}
    for name, errors in zip(resources, judge.find_errors(resources.values()), strict=True):
        for error in errors:
            first_names.setdefault(error, name)
    return first_names


def distinct_resources(bundles: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the different resources of the Bundles, without their ids."""
    resources = {}
    for bundle in bundles:
        for entry in bundle["entry"]:
            bare = {key: value for key, value in entry["resource"].items() if key != "id"}
            resources[json.dumps(bare, sort_keys=True)] = bare
    return resources


def print_bundle(
    capsys: pytest.CaptureFixture[str], answers: Path, version: str, chart: Path | None
) -> dict[str, Any]:
    """Return the Bundle that `intake bundle` prints."""
    patient_option = [] if chart is None else ["--patient", str(chart)]
    assert main(["bundle", str(answers), "--us-core", version, *patient_option]) == 0
    bundle: dict[str, Any] = json.loads(capsys.readouterr().out)
    return bundle


@pytest.mark.parametrize(
    "answers", EXAMPLES, ids=[str(path.relative_to(TESTS)) for path in EXAMPLES]
)
def test_every_example_is_valid(
    judge: Judge, answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles = {}
    for name, chart in CHARTS.items():
        path = None if chart is None else tmp_path / "patient.json"
        if path is not None:
            path.write_text(json.dumps(chart), "utf-8")
        bundles[name] = print_bundle(capsys, answers, judge.version, path)
    # A submission without answers leaves the chart alone.
    chart_is_written = {"Patient"} if json.loads(answers.read_text("utf-8"))["answers"] else set()
    assert {"QuestionnaireResponse", "Provenance", *chart_is_written} == {
        entry["resource"]["resourceType"]
        for bundle in bundles.values()
        for entry in bundle["entry"]
    } - {"Observation"}
    assert errors_by_name(judge, bundles) == {}
    assert errors_by_name(judge, distinct_resources(list(bundles.values()))) == {}


def test_generated_submissions_are_valid(judge: Judge, request: pytest.FixtureRequest) -> None:
    count: int = request.config.getoption("submissions")
    bundles = {
        f"case {number}": build_case_bundle(case, judge.version)
        for number, case in enumerate(generate_cases(SEED, count))
    }
    assert len(bundles) == count
    assert errors_by_name(judge, bundles) == {}
