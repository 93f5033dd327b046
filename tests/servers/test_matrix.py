"""The tables of the README: made of what ran, and of nothing else."""

import json
import re
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from tests.servers.matrix import FEATURES, FIRE_TEST, ServerTestResult, save_results, servers_table

HERE = Path(__file__).parent
ON = datetime(2026, 11, 24, tzinfo=UTC)


def test_every_feature_names_tests_that_are_there() -> None:
    there = set(
        re.findall(
            r"^def (test_\w+)",
            "\n".join(each.read_text("utf-8") for each in HERE.glob("test_*.py")),
            re.MULTILINE,
        )
    )
    assert set(chain(*FEATURES.values(), (FIRE_TEST,))) - there == set()


def test_a_failure_is_shown_and_what_did_not_run_is_said(tmp_path: Path) -> None:
    seen = [
        ServerTestResult("medplum", "test_412_swallowed", outcome, {})
        for outcome in ("passed", "failed")
    ]
    save_results(
        [*seen, ServerTestResult("hapi", "test_412_swallowed", "passed", {})], tmp_path, ON
    )
    table = servers_table(json.loads((tmp_path / "servers.json").read_text("utf-8")))
    assert "| stale ETag | **1 of 2** | 1 of 1 |" in table
    assert "| repeat | not run | not run |" in table


def test_another_run_leaves_what_it_did_not_see(tmp_path: Path) -> None:
    save_results([ServerTestResult("medplum", "test_412_swallowed", "passed", {})], tmp_path, ON)
    save_results([ServerTestResult("hapi", "test_412_swallowed", "failed", {})], tmp_path, ON)
    found = json.loads((tmp_path / "servers.json").read_text("utf-8"))
    assert [each["stale ETag"]["passed"] for each in found.values()] == [1, 0]
    assert not (tmp_path / "fire.json").exists()
