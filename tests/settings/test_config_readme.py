"""config/README.md describes every key of the configuration as the loader reads it."""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from fhir_client.model import Element
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
SECTIONS = {
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
Row = tuple[str, str, str]


def read_rows(heading: str) -> list[Row]:
    """Return key, type and default of each row of a section."""
    [section] = re.findall(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", README, re.MULTILINE | re.DOTALL
    )
    cells = [re.split(r"(?<!\\)\|", line) for line in section.splitlines() if line[:3] == "| `"]
    return [(key.strip(" `"), kind.strip(), default.strip()) for _, key, kind, default, *_ in cells]


def describe_field(item: Field[Any], hint: Any) -> Row:
    return item.name, describe_type(hint), describe_default(item)


def describe_type(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return describe_type(arguments[0])
    if origin is tuple:
        return "list of tables" if is_dataclass(arguments[0]) else "list of texts"
    if is_dataclass(hint) or origin in (dict, Mapping):
        return "table"
    # The elements are listed in words: as a type they would fill the column.
    if hint is not Element and isinstance(hint, type) and issubclass(hint, StrEnum):
        *first, last = (f"`{member}`" for member in hint)
        return f"{', '.join(first)} or {last}"
    return {bool: "yes/no", int: "number"}.get(hint, "text")


def describe_default(item: Field[Any]) -> str:
    if item.default_factory is not MISSING:
        return ""
    if item.default is MISSING:
        return "required"
    if item.default is None:
        return "none"
    return f"`{json.dumps(item.default)}`"


@pytest.mark.parametrize("heading", SECTIONS)
def test_describes_every_key_as_the_loader_reads_it(heading: str) -> None:
    shape = SECTIONS[heading]
    hints = get_type_hints(shape)
    assert read_rows(heading) == [describe_field(item, hints[item.name]) for item in fields(shape)]


def test_describes_no_other_table() -> None:
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    assert set(headings) == {"Configuration", *SECTIONS}


def test_gives_every_key_a_meaning() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    assert [row for row in rows if not re.search(r"\|\s*\S[^|]*\|$", row)] == []
