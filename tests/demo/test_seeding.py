"""Seeding a real server: everything is there, tagged, in the shape that our worker writes, and never there twice."""

from collections import Counter
from typing import Any

import pytest

from fhir_client.client import Client
from fhir_client.uscore.patient import elements_of, has_value
from fhir_client.writing.readback import read_back
from fhir_client.writing.values import Writer
from intake.demo import charts, visits
from intake.demo.charts import TELLING, VERSION, statements
from intake.demo.people import Chart
from intake.demo.places import TAG
from intake.demo.processes import Interrupted
from intake.demo.seeding import seed
from tests.demo.conftest import QUESTIONS, World

pytestmark = pytest.mark.server
SOME = {"_count": "200"}


def found(world: World, kind: str, **wanted: str) -> list[dict[str, Any]]:
    with Client(world.url) as client:
        return list(client.search(kind, {**SOME, **wanted}))


def test_everything_is_there_and_tagged(world: World) -> None:
    past = [each for person in world.seeded.people for each in visits.encounters(person, world.now)]
    told = sum(
        (each.chart in TELLING) + (each.chart is Chart.DECLINED_SINCE)
        for each in world.seeded.people
    )
    expected = {
        "Organization": 4,
        "Location": 6,
        "Patient": 150,
        "Encounter": len(past),
        "Appointment": len(past) + len(world.seeded.coming),
        "QuestionnaireResponse": told,
        "Provenance": told,
    }
    assert {kind: len(found(world, kind)) for kind in expected} == expected
    for kind in (*expected, "Observation"):
        assert all(TAG in each["meta"]["tag"] for each in found(world, kind))


def test_seeding_again_adds_nothing(world: World) -> None:
    kinds = (
        "Organization",
        "Location",
        "Patient",
        "Encounter",
        "Appointment",
        "Observation",
        "Provenance",
    )
    before = {kind: len(found(world, kind)) for kind in kinds}
    with Client(world.url) as client:
        again = seed(client, world.now, QUESTIONS, lambda: None)
    assert {kind: len(found(world, kind)) for kind in kinds} == before
    assert (again.people, again.coming) == (world.seeded.people, world.seeded.coming)
    assert [again.patient(each) for each in again.people] == [
        world.seeded.patient(each) for each in again.people
    ]


def test_what_people_said_reads_back_as_if_our_worker_had_written_it(world: World) -> None:
    told = [each for each in world.seeded.people if each.chart in TELLING]
    with Client(world.url) as client:
        for person in told:
            organization = world.seeded.references[person.place.organization]
            at = visits.seen(person, world.now)
            *_, newest = statements(
                person, world.seeded.patient(person), organization, at, QUESTIONS
            )
            assert read_back(client, Writer(VERSION), newest) == ()


def test_every_chart_has_much_that_must_survive(world: World) -> None:
    for patient in found(world, "Patient"):
        assert {each["system"] for each in patient["telecom"]} == {"phone", "email"}
        assert patient["address"][0]["line"]
        assert any(each["url"].endswith("us-core-birthsex") for each in patient["extension"])


def test_empty_charts_say_nothing_and_the_others_what_they_should(world: World) -> None:
    patients = {f"Patient/{each['id']}": each for each in found(world, "Patient")}
    for person in world.seeded.people:
        patient = patients[world.seeded.patient(person)]
        said = {name for name, value in elements_of(patient).items() if value is not None}
        if person.chart is Chart.EMPTY:
            assert said == set()
        elif person.chart in (Chart.SELF, Chart.ON_FILE, Chart.PROXY, Chart.DECLINED_SINCE):
            assert has_value(patient, "ethnicity")
            assert has_value(patient, "race") is bool(person.race)
        elif person.chart in (Chart.DECLINED, Chart.DONT_KNOW):
            assert not has_value(patient, "ethnicity")
            assert said == {"race", "ethnicity", "interpreter", "communication"}


def test_each_clinic_tells_its_encounters_in_its_own_way(world: World) -> None:
    ways = Counter(
        next(key for key in ("serviceProvider", "location", "appointment") if key in each)
        for each in found(world, "Encounter")
    )
    assert len(ways) == 3
    assert min(ways.values()) > 50


def test_seeding_stops_when_it_is_told_to(client: Client, world: World) -> None:
    allowed = iter(range(3))

    def keep_on() -> None:
        if next(allowed, None) is None:
            raise Interrupted

    with pytest.raises(Interrupted):
        seed(client, world.now, QUESTIONS, keep_on)
    tagged = {"_tag": f"{TAG['system']}|{TAG['code']}"}
    assert [
        len(list(client.search(kind, tagged))) for kind in ("Organization", "Location", "Patient")
    ] == [4, 3, 0]


def test_a_patient_before_anybody_asked_passes_the_check_of_our_own_bundles(world: World) -> None:
    from fhir.resources.R4B.patient import Patient

    for person in world.seeded.people:
        Patient.model_validate(charts.patient(person, "Organization/1"))
