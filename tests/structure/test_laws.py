"""The import laws of pyproject.toml hold, and a breach of each is caught."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.structure.conftest import ROOT

CONTRACTS = [
    each["name"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
]
BREACHES = {
    "intake/store/attempts.py": "import intake.worker.backoff",
    "intake/staff/blueprint.py": "import intake.patient.messages\nimport requests",
    "fhir_client/errors.py": "import intake.answers\nimport msgspec",
    "fhir_client/transport/network.py": "import fhir_client.uscore.versions",
    "intake/report/labels.py": "import flask",
    "intake/journey.py": "import fhir_client.client",
}
"""Lines to add to a copy, by file; together they break every contract."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages that the laws govern."""
    for name in ("intake", "fhir_client"):
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = (
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as lint; lint()",
        "--no-cache",
    )
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_keeps_the_import_laws(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout


def test_catches_a_breach_of_each_law(copy: Path) -> None:
    for name, lines in BREACHES.items():
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{lines}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [f"{name} BROKEN" for name in CONTRACTS if f"{name} BROKEN" not in done.stdout] == []
    for chain in (
        "intake.store.attempts -> intake.worker.backoff",
        "intake.staff.blueprint -> intake.patient.messages",
        "intake.staff.blueprint -> requests",
        "fhir_client.errors -> intake.answers",
        "fhir_client.errors -> msgspec",
        "fhir_client.transport.network -> fhir_client.uscore.versions",
        "intake.report.labels -> flask",
        "intake.journey -> fhir_client.client",
    ):
        assert chain in done.stdout


def test_catches_a_room_that_no_law_names(copy: Path) -> None:
    (copy / "intake" / "stray.py").write_text('"""A room without a law."""\n', "utf-8")
    done = lint(copy)
    assert done.returncode == 1
    assert "stray" in done.stdout
