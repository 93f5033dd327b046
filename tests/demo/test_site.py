"""The demo's site: configuration that loads, a folder of its own, and a port that is free."""

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
def test_what_is_written_as_toml_reads_back_the_same(document: dict[str, Any]) -> None:
    assert tomllib.loads(format_toml(document)) == document


def test_the_site_has_the_clinics_as_the_server_knows_them(tmp_path: Path) -> None:
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


def test_the_folder_goes_with_the_demo_and_so_does_what_an_earlier_one_left(tmp_path: Path) -> None:
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


def test_an_interrupted_start_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DemoStoppedError):
        ended_by(DemoStoppedError(), tmp_path, logged=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("logged", [True, False])
def test_after_a_fault_the_logs_stay(tmp_path: Path, *, logged: bool) -> None:
    with pytest.raises(DemoError):
        ended_by(DemoError("no"), tmp_path, logged=logged)
    assert [each.name for each in tmp_path.rglob("log")] == (["log"] if logged else [])
    assert bool(list(tmp_path.iterdir())) is logged


def test_a_port_in_use_is_said_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            DemoError,
            match=rf"^Port {port} is in use; choose another one with --port, or any free one",
        ):
            find_free_port(port)
    assert find_free_port(port) == port


def test_port_0_is_any_free_one() -> None:
    with socket.create_server(("127.0.0.1", find_free_port(0))):
        pass
