"""Who counts: qualifying encounters in the clinic's own days, each patient once; the others are counted by reason."""

from typing import Any

import pytest

from intake.report.making import Tally, tally
from intake.report.values import TOTAL, ClinicScope

from .conftest import HILLTOP, RIVERSIDE, Count, World, asked, group


def people(found: Tally) -> dict[str, int]:
    return {row.key: row.people for row in found.rows}


@pytest.mark.parametrize("status", ["arrived", "triaged", "in-progress", "onleave", "finished"])
def test_qualifying_status(world: World, count: Count, status: str) -> None:
    world.patient(seen=False)
    world.encounter("p", status=status)
    assert people(count()) == {"riverside": 1, TOTAL: 1}


@pytest.mark.parametrize(
    ("reason", "unit", "more"),
    [
        ("status-unknown", "encounters", {"status": "unknown"}),
        ("status-not-qualifying", "encounters", {"status": "cancelled"}),
        ("status-not-qualifying", "encounters", {"status": "planned"}),
        ("status-not-qualifying", "encounters", {"status": "entered-in-error"}),
        ("no-start-date", "encounters", {"start": None}),
        ("no-clinic", "encounters", {"serviceProvider": {"reference": "Organization/other"}}),
        ("no-patient", "encounters", {"subject": {"reference": "Patient/nobody"}}),
    ],
)
def test_left_out_encounters(
    world: World, count: Count, reason: str, unit: str, more: dict[str, Any]
) -> None:
    world.patient("seen")
    world.patient("p", seen=False)
    world.encounter("p", **more)
    found = count()
    assert people(found) == {"riverside": 1, TOTAL: 1}
    assert {key: number for key, number in found.left_out.items() if number} == {(reason, unit): 1}


@pytest.mark.parametrize("where", ["tag", "security"])
def test_test_patients_are_left_out(world: World, count: Count, where: str) -> None:
    world.patient(
        "p",
        meta={
            where: [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
            ]
        },
    )
    world.encounter("p")
    found = count()
    assert people(found) == {"riverside": 0, TOTAL: 0}
    assert found.left_out["test-patient", "patients"] == 1


def replaced_by(key: str) -> list[dict[str, Any]]:
    return [{"type": "replaced-by", "other": {"reference": f"Patient/{key}"}}]


def test_merged_records_are_one_person(world: World, count: Count) -> None:
    world.patient("old", group("race", "2028-9", text="Asian"), link=replaced_by("middle"))
    world.patient("middle", link=replaced_by("new"), seen=False)
    world.patient("new")
    world.observation("ethnicity", "2186-5", patient="old")
    found = count()
    assert people(found) == {"riverside": 1, TOTAL: 1}
    assert found.rows[-1].elements["ethnicity"].states[0] == 1
    assert found.rows[-1].elements["race"].states[5] == 1


def test_a_loop_of_merges_is_left_out(world: World, count: Count) -> None:
    world.patient("a", link=replaced_by("b"))
    world.patient("b", link=replaced_by("a"), seen=False)
    found = count()
    assert people(found)[TOTAL] == 0
    assert found.left_out["merge-unresolved", "patients"] == 1


@pytest.mark.parametrize(("merges", "counted"), [(5, 1), (6, 0)])
def test_five_merges_are_followed(world: World, count: Count, merges: int, counted: int) -> None:
    for number in range(merges):
        world.patient(f"p{number}", link=replaced_by(f"p{number + 1}"), seen=number == 0)
    world.patient(f"p{merges}", seen=False)
    assert people(count())[TOTAL] == counted


@pytest.mark.parametrize(
    ("start", "period", "counted"),
    [
        ("2026-07-01T03:59:59Z", "2026-Q3", 0),
        ("2026-07-01T04:00:00Z", "2026-Q3", 1),
        ("2026-10-01T03:59:59Z", "2026-09", 1),
        ("2026-10-01T00:00:00-04:00", "2026-Q3", 0),
        ("2026-11-01T05:59:59Z", "2026-10", 0),
        ("2026-11-01T03:59:59Z", "2026-10", 1),
        ("2026-12-01T04:59:59Z", "2026-11", 1),
        ("2026-09-30", "2026-Q3", 1),
        ("2026-10-01", "2026-Q3", 0),
        ("2026-08", "2026", 1),
        ("2025-11-24", "rolling-12", 1),
        ("2025-11-23", "rolling-12", 0),
    ],
)
def test_days_begin_in_the_clinics_zone(
    world: World, count: Count, start: str, period: str, counted: int
) -> None:
    world.patient(seen=False)
    world.encounter("p", start)
    assert people(count(period))[TOTAL] == counted


def test_each_clinic_has_its_own_days_and_rows_need_not_sum(world: World, count: Count) -> None:
    for provider in ("Organization/river", "Organization?identifier=http://npi.example|77"):
        for key, start in (("a", "2026-08-01T12:00:00Z"), ("b", "2026-10-01T05:00:00Z")):
            world.encounter(key, start, serviceProvider={"reference": provider})
    world.patient("a", seen=False)
    world.patient("b", seen=False)
    assert people(count("2026-Q3", RIVERSIDE, HILLTOP)) == {"riverside": 1, "hilltop": 2, TOTAL: 2}


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
def test_every_form_of_reference(world: World, count: Count, reference: dict[str, Any]) -> None:
    organization(world, "hill", identifier=[{"system": "http://npi.example", "value": "77"}])
    world.patient(seen=False)
    world.encounter("p", serviceProvider=reference)
    assert people(count("2026-Q3", HILLTOP))["hilltop"] == 1


@pytest.mark.parametrize(
    "subject",
    [
        "https://ehr.example/fhir/Patient/p",
        "urn:uuid:p",
        "Patient?identifier=urn:mrn|7",
        "Patient?identifier=7",
    ],
)
def test_every_form_of_reference_to_a_patient(world: World, count: Count, subject: str) -> None:
    world.patient(seen=False, identifier=[{"system": "urn:mrn", "value": "7"}])
    world.encounter("p", subject={"reference": subject})
    world.observation("race", "2028-9", subject={"reference": subject})
    row = count().rows[-1]
    assert (row.people, row.elements["race"].states[0]) == (1, 1)


def organization(world: World, key: str, **more: Any) -> None:
    world.resources.append({"resourceType": "Organization", "id": key, **more})


def location(world: World, key: str, **more: Any) -> None:
    world.resources.append({"resourceType": "Location", "id": key, **more})


def at(key: str) -> dict[str, Any]:
    return {
        "serviceProvider": {"reference": "Organization/system"},
        "location": [{"location": {"reference": key}}],
    }


def test_a_room_belongs_to_the_clinic_above_it(world: World, count: Count) -> None:
    location(world, "room", partOf={"reference": "Location/floor"})
    location(world, "floor", partOf={"reference": "Location/wing"})
    location(world, "round", partOf={"reference": "Location/round"})
    world.patient(seen=False)
    world.encounter("p", **at("Location/room"))
    world.encounter("p", **at("Location/round"))
    found = count()
    assert people(found)["riverside"] == 1
    assert found.left_out["no-clinic", "encounters"] == 1


def test_a_room_that_the_clinics_organization_manages(world: World, count: Count) -> None:
    location(world, "room", managingOrganization={"reference": "Organization/river"})
    world.patient(seen=False)
    world.encounter("p", **at("Location/room"))
    assert people(count())["riverside"] == 1


def test_the_appointments_location_is_the_last_resort(world: World, count: Count) -> None:
    actors = [{"actor": {"reference": "Patient/p"}}, {"actor": {"reference": "Location/wing"}}]
    world.resources.append({"resourceType": "Appointment", "id": "a", "participant": actors})
    world.patient(seen=False)
    world.encounter(
        "p",
        serviceProvider={"reference": "Organization/system"},
        appointment=[{"reference": "Appointment/a"}],
    )
    assert people(count())["riverside"] == 1


def test_the_provider_goes_before_the_location(world: World, count: Count) -> None:
    hilltop = ClinicScope("hilltop", "Hilltop", "America/Los_Angeles", ("Organization/hill",), ())
    world.patient(seen=False)
    world.encounter(
        "p", **at("Location/wing") | {"serviceProvider": {"reference": "Organization/hill"}}
    )
    assert people(count("2026-Q3", RIVERSIDE, hilltop)) == {"riverside": 0, "hilltop": 1, TOTAL: 1}


def test_organizations_of_one_name_are_told_apart_by_their_ids(world: World) -> None:
    for key in ("east", "west"):
        organization(world, key, name="Hill")
        world.patient(f"p-{key}", seen=False)
        world.encounter(f"p-{key}", serviceProvider={"reference": f"Organization/{key}"})
    made = tally(world.write(), asked("2026-Q3", by_organization=True))
    assert [(row.key, row.name) for row in made.rows] == [
        ("east", "Hill (east)"),
        ("west", "Hill (west)"),
        (TOTAL, ""),
    ]


def test_organizations_are_rows_where_no_clinic_fits(world: World, count: Count) -> None:
    organization(
        world, "hill", name="Hill", identifier=[{"system": "http://npi.example", "value": "77"}]
    )
    world.patient(seen=False)
    world.encounter(
        "p", serviceProvider={"reference": "Organization?identifier=http://npi.example|77"}
    )
    stranger = ClinicScope("stranger", "Stranger", "UTC", ("Organization/stranger",))
    found = count("2026-Q3", stranger)
    assert [(row.key, row.name, row.people) for row in found.rows] == [
        ("hill", "Hill", 1),
        (TOTAL, "", 1),
    ]
    assert people(count("2026-Q3", stranger, by_organization=False)) == {"stranger": 0, TOTAL: 0}


def test_a_resource_that_stands_twice_counts_as_its_newest_version(
    world: World, count: Count
) -> None:
    world.patient(seen=False, meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    world.patient(
        "p",
        group("race", "2028-9", text="Asian"),
        seen=False,
        meta={"lastUpdated": "2026-02-01T00:00:00Z"},
    )
    world.encounter("p", id="e", meta={"lastUpdated": "2026-09-02T00:00:00Z"})
    world.encounter(
        "p", id="e", status="entered-in-error", meta={"lastUpdated": "2026-09-01T00:00:00Z"}
    )
    found = count()
    assert people(found)["riverside"] == 1
    assert found.rows[-1].elements["race"].states[2] == 1
    assert not any(found.left_out.values())


def test_nobody(world: World, count: Count) -> None:
    world.patient(seen=False)
    found = count()
    assert people(found) == {"riverside": 0, TOTAL: 0}
    assert found.newest_encounter is None


def test_provenance_that_a_paged_search_brings_twice_changes_nothing(
    world: World, count: Count
) -> None:
    world.patient()
    target = {"reference": "Patient/p"}
    world.resources.append(
        {
            "resourceType": "Provenance",
            "id": "v",
            "recorded": "2026-08-04T09:00:00Z",
            "target": [target],
        }
    )
    once = count().snapshot
    world.resources.append(world.resources[-1])
    assert count().snapshot == once
