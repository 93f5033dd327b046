"""A site in a temporary folder that the commands find through INTAKE_CONFIG."""

from pathlib import Path

import pytest

from intake.cli import main
from tests.support.command_site import write_site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose FHIR server does not answer: port 9 discards."""
    write_site(tmp_path, "http://127.0.0.1:9/fhir")
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path))
    return tmp_path


@pytest.fixture
def ready(site: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A site with a key and a schema."""
    assert main(["keys", "new"]) == 0
    assert main(["migrate"]) == 0
    capsys.readouterr()
    return site
