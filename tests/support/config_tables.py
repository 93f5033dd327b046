"""The tables of config/README.md, and the shapes of the loader that they describe."""

import re
from dataclasses import dataclass
from typing import Any

from fhir_client.quirks import Quirks
from intake.questions import Condition, Detail, Option, Question
from intake.settings import ConflictPolicies, MappingPolicy
from intake.settings.files import (
    ClinicTable,
    CommonLanguagesTable,
    IntakeFile,
    QuestionSetFile,
    ReportTable,
    ServerTable,
    TimesTable,
)
from intake.shipped import CONFIG

README = (CONFIG / "README.md").read_text("utf-8")
SECTIONS: dict[str, type[Any]] = {
    "intake.toml": IntakeFile,
    "times": TimesTable,
    "mapping": MappingPolicy,
    "report": ReportTable,
    "merge": ConflictPolicies,
    "common_languages": CommonLanguagesTable,
    "servers.ID": ServerTable,
    "clinics.toml": ClinicTable,
    "quirks/NAME.toml": Quirks,
    "questions/NAME.toml": QuestionSetFile,
    "questions": Question,
    "questions.options": Option,
    "questions.options.details": Detail,
    "asked_with": Condition,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: a key, its type, its default and its meaning."""

    key: str
    kind: str
    default: str
    meaning: str = ""


def read_rows(heading: str) -> list[Row]:
    """Return the rows of a section of config/README.md."""
    [section] = re.findall(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", README, re.MULTILINE | re.DOTALL
    )
    cells = [re.split(r"(?<!\\)\|", line) for line in section.splitlines() if line[:3] == "| `"]
    return [
        Row(key.strip(" `"), kind.strip(), default.strip(), meaning.strip())
        for _, key, kind, default, meaning, *_ in cells
    ]
