"""The demo's site: its configuration, its folder's lifetime, its port."""

import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.demo import site
from intake.demo.clinics import CLINICS
from intake.demo.ports import find_free_port
from intake.demo.processes import DemoError, DemoStoppedError
from intake.demo.toml import format_toml

KINDS = {"organization": "Organization", "location": "Location", "room": "Location"}
REFERENCES = {
    value: f"{KINDS[value.split()[0]]}/{value.split()[0]}-{value.split()[1]}"
    for place in CLINICS
    for value in (place.organization, place.location, place.room)
}
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=9)
values = st.one_of(texts, st.booleans(), st.integers(-9, 9), st.lists(texts, max_size=3))
documents = st.recursive(
    st.dictionaries(texts, values, max_size=3),
    lambda inner: st.dictionaries(texts, st.one_of(values, inner), max_size=3),
)


@given(documents)
def test_formats_toml_that_parses_to_the_same_values(document: dict[str, Any]) -> None:
    assert tomllib.loads(format_toml(document)) == document


def test_writes_the_clinics_with_the_servers_references(tmp_path: Path) -> None:
    settings = site.write_site(
        tmp_path,
        public_url="http://127.0.0.1:1",
        base_url="http://127.0.0.1:2/fhir",
        references=REFERENCES,
    )
    assert [clinic.name for clinic in settings.clinics.values()] == [
        place.name for place in CLINICS
    ]
    assert len({clinic.time_zone for clinic in settings.clinics.values()}) >= 2
    assert settings.clinics["bluestem"].organization == "Organization/organization-bluestem"
    assert settings.clinics["bluestem"].locations == (
        "Location/location-bluestem",
        "Location/room-bluestem",
    )
    assert settings.servers[site.SERVER].base_url == "http://127.0.0.1:2/fhir"
    assert settings.data_dir.is_relative_to(tmp_path)
    assert "ar" in settings.languages


def test_deletes_its_folder_and_those_of_earlier_demos(tmp_path: Path) -> None:
    (tmp_path / "site-81-old").mkdir()
    (tmp_path / "site-82-other").mkdir()
    with site.create_site_folder(tmp_path, 81) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "log").touch()
    assert [each.name for each in tmp_path.iterdir()] == ["site-82-other"]


def ended_by(fault: Exception, home: Path, *, logged: bool) -> None:
    with site.create_site_folder(home, 81) as folder:
        if logged:
            (folder / "log").touch()
        raise fault


def test_leaves_no_folder_after_an_interrupted_start(tmp_path: Path) -> None:
    with pytest.raises(DemoStoppedError):
        ended_by(DemoStoppedError(), tmp_path, logged=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("logged", [True, False])
def test_keeps_the_logs_after_a_fault(tmp_path: Path, *, logged: bool) -> None:
    with pytest.raises(DemoError):
        ended_by(DemoError("no"), tmp_path, logged=logged)
    assert [each.name for each in tmp_path.rglob("log")] == (["log"] if logged else [])
    assert bool(list(tmp_path.iterdir())) is logged


def test_explains_a_port_in_use_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            DemoError,
            match=rf"^Port {port} is in use; choose another one with --port, or any free one",
        ):
            find_free_port(port)
    assert find_free_port(port) == port


def test_finds_a_free_port_for_0() -> None:
    with socket.create_server(("127.0.0.1", find_free_port(0))):
        pass
