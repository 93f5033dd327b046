"""`intake check` at a real FHIR server passes a correct site and prints no names."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from fhir_client.client import FhirClient
from intake.cli import main

pytestmark = pytest.mark.server
INTAKE = """
public_url = "http://localhost"
data_dir = "{data}"
[servers.main]
base_url = "{server}"
"""
CLINICS = """
[riverside]
name = "Riverside"
time_zone = "UTC"
server = "main"
organization = "{organization}"
locations = ["{location}"]
record_number_system = "http://example.org/mrn"
"""


@pytest.fixture
def site(server: str, client: FhirClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clinic that is on the server, with one appointment tomorrow."""
    organization = client.create({"resourceType": "Organization", "name": "Riverside"})
    location = f"Location/{client.create({'resourceType': 'Location', 'name': 'Front'})['id']}"
    number = {"system": "http://example.org/mrn", "value": uuid4().hex}
    name = [{"family": "Nguyen", "given": ["Lan"]}]
    chart = {
        "resourceType": "Patient",
        "name": name,
        "identifier": [number],
        "birthDate": "1980-02-29",
    }
    patient = client.create(chart)
    start = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12)
    appointment = {
        "resourceType": "Appointment",
        "status": "booked",
        "start": start.isoformat(timespec="seconds"),
        "end": (start + timedelta(minutes=20)).isoformat(timespec="seconds"),
        "participant": [
            {
                "actor": {"reference": f"Patient/{patient['id']}", "display": "Lan Nguyen"},
                "status": "accepted",
            },
            {"actor": {"reference": location}, "status": "accepted"},
        ],
    }
    client.create(appointment)
    clinics = CLINICS.format(organization=f"Organization/{organization['id']}", location=location)
    (tmp_path / "intake.toml").write_text(
        INTAKE.format(data=tmp_path / "data", server=server), "utf-8"
    )
    (tmp_path / "clinics.toml").write_text(clinics, "utf-8")
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path))
    assert main(["keys", "new"]) == main(["migrate"]) == 0
    return tmp_path


def test_a_correct_site_passes(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["check", "--json"]) == 0
    out = capsys.readouterr().out
    words = [
        finding["words"]
        for finding in json.loads(out)["findings"]
        if finding["about"] == "clinic riverside"
    ]
    assert words[-2:] == [
        "the schedule can be searched: 1 appointments today and tomorrow",
        (
            "charts are found by record numbers of http://example.org/mrn,"
            " by which the desk lets in who is on no schedule"
        ),
    ]
    assert "Nguyen" not in out
    assert json.loads(out)["wrong"] == 0


def test_a_wrong_record_number_system_is_found_before_the_desk_meets_it(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clinics = site / "clinics.toml"
    clinics.write_text(clinics.read_text("utf-8").replace("org/mrn", "org/MRN"), "utf-8")
    capsys.readouterr()
    assert main(["check", "--json"]) == 0
    out = capsys.readouterr().out
    [wrong] = [
        finding for finding in json.loads(out)["findings"] if "record number" in finding["words"]
    ]
    # One of the patients may have no record number yet.
    assert wrong["verdict"] == "not known"
    assert (
        wrong["words"]
        == "nobody who is expected (of 1 looked at) has a record number of http://example.org/MRN"
    )
    assert (
        wrong["way_out"]
        == "If they have others: Correct record_number_system of [riverside] in clinics.toml."
    )
    assert "Nguyen" not in out


def test_a_location_that_the_server_lacks_is_found(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clinics = (site / "clinics.toml").read_text("utf-8")
    (site / "clinics.toml").write_text(
        clinics.replace('locations = ["Location/', 'locations = ["Location/x'), "utf-8"
    )
    assert main(["check"]) == 1
    assert "→ Correct locations of [riverside] in clinics.toml." in capsys.readouterr().out
