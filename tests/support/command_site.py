"""Writes the smallest configuration that the commands can work with: one server, one clinic."""

from pathlib import Path

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
