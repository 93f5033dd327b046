"""The README's tables are made of what ran, and of nothing else."""

import json
import re
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from tests.servers.matrix import FEATURES, FIRE_TEST, ServerTestResult, save_results, servers_table

HERE = Path(__file__).parent
ON = datetime(2026, 11, 24, tzinfo=UTC)
STALE_ETAG_TEST = "test_a_stale_etag_is_a_version_conflict"


def test_every_feature_names_existing_tests() -> None:
    existing = set(
        re.findall(
            r"^def (test_\w+)",
            "\n".join(module.read_text("utf-8") for module in HERE.glob("test_*.py")),
            re.MULTILINE,
        )
    )
    assert set(chain(*FEATURES.values(), (FIRE_TEST,))) - existing == set()


def test_a_failure_is_shown_and_what_did_not_run_is_named(tmp_path: Path) -> None:
    medplum = [
        ServerTestResult("medplum", STALE_ETAG_TEST, outcome, {})
        for outcome in ("passed", "failed")
    ]
    save_results([*medplum, ServerTestResult("hapi", STALE_ETAG_TEST, "passed", {})], tmp_path, ON)
    table = servers_table(json.loads((tmp_path / "servers.json").read_text("utf-8")))
    assert "| stale ETag | **1 of 2** | 1 of 1 |" in table
    assert "| repeat | not run | not run |" in table


def test_a_run_keeps_the_results_of_other_servers(tmp_path: Path) -> None:
    save_results([ServerTestResult("medplum", STALE_ETAG_TEST, "passed", {})], tmp_path, ON)
    save_results([ServerTestResult("hapi", STALE_ETAG_TEST, "failed", {})], tmp_path, ON)
    results = json.loads((tmp_path / "servers.json").read_text("utf-8"))
    assert [result["stale ETag"]["passed"] for result in results.values()] == [1, 0]
    assert not (tmp_path / "fire.json").exists()
