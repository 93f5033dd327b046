"""A small site for the commands, with one server and one clinic, and an example submission."""

import json
from pathlib import Path
from uuid import uuid4

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
EXAMPLE = Path(__file__).parent / "data" / "multi-race.answers.json"


def example_line(**changes: object) -> str:
    """Return the example submission as one line of JSON, with a new id."""
    return json.dumps({**json.loads(EXAMPLE.read_text("utf-8")), "id": str(uuid4()), **changes})


def write_site(folder: Path, base_url: str) -> None:
    """Write a site's configuration into `folder`."""
    (folder / "intake.toml").write_text(
        INTAKE.format(data=folder / "data", base_url=base_url), "utf-8"
    )
    (folder / "clinics.toml").write_text(CLINICS, "utf-8")
