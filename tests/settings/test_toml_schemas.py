"""The JSON Schemas of the TOML files agree with the loader that reads the files."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from intake.settings import SettingsError, load_settings
from intake.shipped import CONFIG
from tests.settings.build_schemas import FILES, build_schema, format_schemas
from tests.support.json_schema import schema_faults

SHIPPED = [
    (path, name)
    for name, heading in FILES.items()
    for path in sorted(CONFIG.glob(heading.replace("NAME", "*")))
]


def find_schema_faults(name: str, text: str) -> list[str]:
    return schema_faults(tomllib.loads(text), build_schema(name))


def test_the_schemas_are_as_built() -> None:
    """If this fails, run `python -m tests.settings.build_schemas`."""
    for path, text in format_schemas():
        assert path.read_text("utf-8") == text


@pytest.mark.parametrize(("path", "name"), SHIPPED, ids=[path.name for path, _ in SHIPPED])
def test_every_shipped_file_fits_its_schema(path: Path, name: str) -> None:
    assert find_schema_faults(name, path.read_text("utf-8")) == []


def test_shipped_files_name_their_schema_for_editors() -> None:
    for path, name in SHIPPED:
        first_line = path.read_text("utf-8").splitlines()[0]
        assert first_line.startswith("#:schema "), path
        schema = path.parent / first_line.removeprefix("#:schema ")
        assert schema.resolve() == CONFIG / "schemas" / f"{name}.schema.json"


SERVER = '[servers.main]\nbase_url = "https://ehr.example/fhir"\n'
CLINIC = """[riverside]
name = "Riverside"
time_zone = "America/New_York"
server = "main"
organization = "Organization/1"
"""
FAULTY: list[tuple[str, str]] = [
    ("intake", f"trusted_proxies = -1\n{SERVER}"),
    ("intake", f"asked_first_from_age = 19\n{SERVER}"),
    ("intake", f"languages = []\n{SERVER}"),
    ("intake", f'languages = ["en", "en"]\n{SERVER}'),
    ("intake", f"colour = 1\n{SERVER}"),
    ("intake", f'{SERVER}us_core = "5.0.0"\n'),
    ("intake", f'{SERVER}strategy = "post"\n'),
    ("intake", f'{SERVER}auth = "magic"\n'),
    ("intake", f'{SERVER}algorithm = "RS256"\n'),
    ("intake", f"{SERVER}workers = 33\n"),
    ("intake", f"{SERVER}timeout_seconds = 0\n"),
    ("intake", f"{SERVER}[times]\nkiosk_warning_seconds = 19\n"),
    ("intake", f"{SERVER}[times]\nundo_days = 0\n"),
    ("intake", f'{SERVER}[merge]\nrace = "newest"\n'),
    ("intake", f'{SERVER}[mapping]\ndecline_erases = "no"\n'),
    ("intake", "[servers.main]\n"),
    ("intake", 'notice = "1"\n[servers]\n'),
    ("clinics", CLINIC.replace('"Riverside"', '" "')),
    ("clinics", CLINIC.replace('server = "main"\n', "")),
    ("clinics", ""),
    ("quirks", 'write_strategies = ["post"]\n'),
    ("quirks", "write_strategies = []\n"),
    ("quirks", 'batch = "yes"\n'),
]


@pytest.mark.parametrize(("name", "text"), FAULTY)
def test_schema_and_loader_refuse_the_same_faults(site: Path, name: str, text: str) -> None:
    assert find_schema_faults(name, text) != []
    file = site / FILES[name].replace("NAME", "ours")
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(site)
    assert any(fault.startswith(str(file.relative_to(site))) for fault in caught.value.faults)


def test_describes_each_key_for_the_reader_of_the_editor() -> None:
    def descriptions(schema: dict[str, Any]) -> list[str]:
        properties: dict[str, dict[str, Any]] = schema.get("properties", {})
        return [str(item.get("description", "")) for item in properties.values()]

    for name in ("intake", "quirks", "questions"):
        assert all(descriptions(build_schema(name)))
