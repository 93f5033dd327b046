"""A site in a temporary folder, as the commands find it through the environment."""

from pathlib import Path

import pytest

from intake.cli import main

INTAKE = """
public_url = "http://localhost"
data_dir = "{data}"

[servers.main]
base_url = "{base_url}"
timeout_seconds = 5
"""
CLINICS = """
[riverside]
name = "Riverside Family Clinic"
time_zone = "America/New_York"
server = "main"
organization = "Organization/riverside"
"""


def write_site(folder: Path, base_url: str) -> None:
    """Write a site's configuration into `folder`."""
    (folder / "intake.toml").write_text(
        INTAKE.format(data=folder / "data", base_url=base_url), "utf-8"
    )
    (folder / "clinics.toml").write_text(CLINICS, "utf-8")


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
