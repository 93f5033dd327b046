"""Builds and writes a new site's folder; a file holds only what differs from the defaults."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from intake.demo.toml import format_toml
from intake.settings import AuthKind, Settings, load_settings
from intake.settings.files import ClinicTable, IntakeFile, ServerTable

SERVER = "main"
"""The id of the FHIR server in the settings of a new site."""

SECRET_FILE = f"secrets/{SERVER}.txt"
CLIENT_KEY_FILE = f"secrets/{SERVER}-client.json"

SCOPES = (
    "system/Patient.rs",
    "system/Patient.u",
    "system/QuestionnaireResponse.crus",
    "system/Observation.crus",
    "system/Provenance.crs",
    "system/Appointment.rs",
    "system/Encounter.rs",
    "system/Organization.rs",
    "system/Location.rs",
)
"""The scopes of a new site, as config/deploy/ehr-access.md lists them."""

_INTAKE_HEADING = """\
# The installation and its FHIR server. A key that is not here has its default:
# config/README.md of the distribution lists every key.
"""
_CLINICS_HEADING = """\
# One table for each clinic. References are those of the clinic's FHIR server.
"""


@dataclass(frozen=True, slots=True)
class SiteAnswers:
    """What the administrator has chosen for a new site."""

    intake: IntakeFile
    server: ServerTable
    clinic_id: str
    clinic: ClinicTable
    secret: str = ""


def load_answers(answers: SiteAnswers) -> Settings:
    """Return the settings as of a site with these answers; raises SettingsError."""
    with tempfile.TemporaryDirectory(prefix="intake-init-") as folder:
        for name, text in format_files(answers).items():
            (Path(folder) / name).write_text(text, "utf-8")
        return load_settings(Path(folder))


def write_site(folder: Path, answers: SiteAnswers) -> Settings:
    """Write the site's folder and return its settings; raises SettingsError and OSError."""
    # Nothing is written that would not load.
    load_answers(answers)
    # The folder may get secrets and the database, which no other user may read.
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in format_files(answers).items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)
    return load_settings(folder)


def format_files(answers: SiteAnswers) -> Mapping[str, str]:
    """Return the text of each file by its name."""
    intake = {
        **_differing_keys(answers.intake),
        "servers": {SERVER: _differing_keys(answers.server)},
    }
    clinics = {answers.clinic_id: _differing_keys(answers.clinic)}
    return {
        "intake.toml": f"{_INTAKE_HEADING}\n{format_toml(intake)}",
        "clinics.toml": f"{_CLINICS_HEADING}{format_toml(clinics)}",
    }


def _differing_keys(table: IntakeFile | ServerTable | ClinicTable) -> dict[str, Any]:
    """Return the keys of a table whose values are not the defaults."""
    return {
        item.name: _plain_value(value)
        for item in fields(table)
        if (value := getattr(table, item.name)) != item.default
        and value not in ({}, ())
        # A table of defaults, such as [times], is left out as a whole.
        and item.name not in ("servers", "times", "mapping", "merge", "report", "common_languages")
    }


def _plain_value(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, AuthKind) else value
