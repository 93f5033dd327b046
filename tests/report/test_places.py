"""An encounter belongs to the clinic of its provider, location or appointment."""

from typing import Any

import pytest

from intake.report.build import build_tally
from intake.report.values import TOTAL, ClinicScope
from tests.support.report_export import (
    HILLTOP,
    RIVERSIDE,
    CountExport,
    ExportFolder,
    people_by_row,
    report_request,
)


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Organization/hill"},
        {"reference": "https://ehr.example/fhir/Organization/hill"},
        {"reference": "Organization/hill/_history/3"},
        {"reference": "urn:uuid:hill"},
        {"reference": "Organization?identifier=http://npi.example|77"},
        {"reference": "Organization?identifier=http%3A%2F%2Fnpi.example%7C77"},
        {"identifier": {"system": "http://npi.example", "value": "77"}},
    ],
)
def test_every_form_of_clinic_reference_is_followed(
    export_folder: ExportFolder, count_export: CountExport, reference: dict[str, Any]
) -> None:
    add_organization(
        export_folder, "hill", identifier=[{"system": "http://npi.example", "value": "77"}]
    )
    export_folder.add_patient(seen=False)
    export_folder.add_encounter("p", serviceProvider=reference)
    assert people_by_row(count_export("2026-Q3", HILLTOP))["hilltop"] == 1


def add_organization(export_folder: ExportFolder, key: str, **fields: Any) -> None:
    export_folder.resources.append({"resourceType": "Organization", "id": key, **fields})


def add_location(export_folder: ExportFolder, key: str, **fields: Any) -> None:
    export_folder.resources.append({"resourceType": "Location", "id": key, **fields})


def located_at(key: str) -> dict[str, Any]:
    return {
        "serviceProvider": {"reference": "Organization/system"},
        "location": [{"location": {"reference": key}}],
    }


def test_a_room_belongs_to_the_clinic_above_it(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    add_location(export_folder, "room", partOf={"reference": "Location/floor"})
    add_location(export_folder, "floor", partOf={"reference": "Location/wing"})
    add_location(export_folder, "round", partOf={"reference": "Location/round"})
    export_folder.add_patient(seen=False)
    export_folder.add_encounter("p", **located_at("Location/room"))
    export_folder.add_encounter("p", **located_at("Location/round"))
    tally = count_export()
    assert people_by_row(tally)["riverside"] == 1
    assert tally.exclusions["no-clinic", "encounters"] == 1


def test_a_room_managed_by_the_clinics_organization_belongs_to_it(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    add_location(export_folder, "room", managingOrganization={"reference": "Organization/river"})
    export_folder.add_patient(seen=False)
    export_folder.add_encounter("p", **located_at("Location/room"))
    assert people_by_row(count_export())["riverside"] == 1


def test_the_appointments_location_is_the_last_resort(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    actors = [{"actor": {"reference": "Patient/p"}}, {"actor": {"reference": "Location/wing"}}]
    export_folder.resources.append(
        {"resourceType": "Appointment", "id": "a", "participant": actors}
    )
    export_folder.add_patient(seen=False)
    export_folder.add_encounter(
        "p",
        serviceProvider={"reference": "Organization/system"},
        appointment=[{"reference": "Appointment/a"}],
    )
    assert people_by_row(count_export())["riverside"] == 1


def test_the_service_provider_comes_before_the_location(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    hilltop = ClinicScope("hilltop", "Hilltop", "America/Los_Angeles", ("Organization/hill",), ())
    export_folder.add_patient(seen=False)
    export_folder.add_encounter(
        "p", **located_at("Location/wing") | {"serviceProvider": {"reference": "Organization/hill"}}
    )
    assert people_by_row(count_export("2026-Q3", RIVERSIDE, hilltop)) == {
        "riverside": 0,
        "hilltop": 1,
        TOTAL: 1,
    }


def test_organizations_of_one_name_get_their_ids(export_folder: ExportFolder) -> None:
    for key in ("east", "west"):
        add_organization(export_folder, key, name="Hill")
        export_folder.add_patient(f"p-{key}", seen=False)
        export_folder.add_encounter(
            f"p-{key}", serviceProvider={"reference": f"Organization/{key}"}
        )
    tally = build_tally(
        export_folder.write_files(), report_request("2026-Q3", by_organization=True)
    )
    assert [(row.key, row.name) for row in tally.rows] == [
        ("east", "Hill (east)"),
        ("west", "Hill (west)"),
        (TOTAL, ""),
    ]


def test_organizations_become_rows_if_no_clinic_has_encounters(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    add_organization(
        export_folder,
        "hill",
        name="Hill",
        identifier=[{"system": "http://npi.example", "value": "77"}],
    )
    export_folder.add_patient(seen=False)
    export_folder.add_encounter(
        "p", serviceProvider={"reference": "Organization?identifier=http://npi.example|77"}
    )
    stranger = ClinicScope("stranger", "Stranger", "UTC", ("Organization/stranger",))
    tally = count_export("2026-Q3", stranger)
    assert [(row.key, row.name, row.people) for row in tally.rows] == [
        ("hill", "Hill", 1),
        (TOTAL, "", 1),
    ]
    assert people_by_row(count_export("2026-Q3", stranger, by_organization=False)) == {
        "stranger": 0,
        TOTAL: 0,
    }
