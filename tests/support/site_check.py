"""Runs `intake check` on a site that a test changes, and reads its findings."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.cli import main


def checked(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    """Run a check that must exit with 1, as no server answers; return the verdicts by subject."""
    capsys.readouterr()
    assert main(["check", "--json"]) == 1
    told: dict[str, dict[str, str]] = {}
    for each in json.loads(capsys.readouterr().out)["findings"]:
        told.setdefault(each["about"], {})[each["words"]] = each["verdict"]
        assert each["verdict"] != "wrong" or each["way_out"]
    return told


def said(found: dict[str, str]) -> str:
    return "; ".join(f"{verdict}: {words}" for words, verdict in found.items())


def rewrite(site: Path, **keys: Any) -> None:
    path = site / "intake.toml"
    lines = [
        line for line in path.read_text("utf-8").splitlines() if line.split(" = ")[0] not in keys
    ]
    path.write_text(
        "\n".join([*(f"{key} = {json.dumps(value)}" for key, value in keys.items()), *lines]),
        "utf-8",
    )
