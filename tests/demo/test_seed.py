"""Seeding a real server: complete, tagged, in the worker's own form, and never twice."""

from collections import Counter
from typing import Any

import pytest

from fhir_client.client import FhirClient
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements import ETHNICITY, RACE
from fhir_client.write.read_back import read_back
from fhir_client.write.task import Writer
from intake.demo import charts, visits
from intake.demo.charts import CHART_VERSION, STATED_CHARTS, past_statements
from intake.demo.clinics import DEMO_TAG
from intake.demo.people import ChartState
from intake.demo.processes import DemoStoppedError
from intake.demo.seed import seed_server
from tests.demo.conftest import QUESTION_SET, SeededDemo

pytestmark = pytest.mark.server
SOME = {"_count": "200"}


def found(world: SeededDemo, kind: str, **wanted: str) -> list[dict[str, Any]]:
    with FhirClient(world.url) as client:
        return list(client.search(kind, {**SOME, **wanted}))


def test_seeds_and_tags_everything(world: SeededDemo) -> None:
    past = [
        each
        for person in world.contents.people
        for each in visits.past_encounters(person, world.now)
    ]
    told = sum(
        (each.chart in STATED_CHARTS) + (each.chart is ChartState.DECLINED_SINCE)
        for each in world.contents.people
    )
    expected = {
        "Organization": 4,
        "Location": 6,
        "Patient": 150,
        "Encounter": len(past),
        "Appointment": len(past) + len(world.contents.appointments),
        "QuestionnaireResponse": told,
        "Provenance": told,
    }
    assert {kind: len(found(world, kind)) for kind in expected} == expected
    for kind in (*expected, "Observation"):
        assert all(DEMO_TAG in each["meta"]["tag"] for each in found(world, kind))


def test_adds_nothing_when_it_seeds_again(world: SeededDemo) -> None:
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
    with FhirClient(world.url) as client:
        again = seed_server(client, world.now, QUESTION_SET, lambda: None)
    assert {kind: len(found(world, kind)) for kind in kinds} == before
    assert (again.people, again.appointments) == (
        world.contents.people,
        world.contents.appointments,
    )
    assert [again.patient_reference(each) for each in again.people] == [
        world.contents.patient_reference(each) for each in again.people
    ]


def test_writes_answers_as_the_worker_writes_them(world: SeededDemo) -> None:
    told = [each for each in world.contents.people if each.chart in STATED_CHARTS]
    with FhirClient(world.url) as client:
        for person in told:
            organization = world.contents.references[person.clinic.organization]
            at = visits.last_visit_time(person, world.now)
            *_, newest = past_statements(
                person, world.contents.patient_reference(person), organization, at, QUESTION_SET
            )
            assert read_back(client, Writer(CHART_VERSION), newest) == ()


def test_seeds_charts_with_values_that_must_survive(world: SeededDemo) -> None:
    for patient in found(world, "Patient"):
        assert {each["system"] for each in patient["telecom"]} == {"phone", "email"}
        assert patient["address"][0]["line"]
        assert any(each["url"].endswith("us-core-birthsex") for each in patient["extension"])


def test_seeds_each_chart_in_its_state(world: SeededDemo) -> None:
    patients = {f"Patient/{each['id']}": each for each in found(world, "Patient")}
    for person in world.contents.people:
        patient = patients[world.contents.patient_reference(person)]
        said = {name for name, value in chart_elements(patient).items() if value}
        if person.chart is ChartState.EMPTY:
            assert said == set()
        elif person.chart in (
            ChartState.SELF,
            ChartState.ON_FILE,
            ChartState.PROXY,
            ChartState.DECLINED_SINCE,
        ):
            assert ETHNICITY.has_value(patient)
            assert RACE.has_value(patient) is bool(person.race)
        elif person.chart in (ChartState.DECLINED, ChartState.DONT_KNOW):
            assert not ETHNICITY.has_value(patient)
            assert said == {"race", "ethnicity", "interpreter", "communication"}


def test_links_encounters_to_each_clinic_in_its_own_form(world: SeededDemo) -> None:
    ways = Counter(
        next(key for key in ("serviceProvider", "location", "appointment") if key in each)
        for each in found(world, "Encounter")
    )
    assert len(ways) == 3
    assert min(ways.values()) > 50


def test_stops_seeding_when_the_demo_stops(client: FhirClient, world: SeededDemo) -> None:
    allowed = iter(range(3))

    def keep_on() -> None:
        if next(allowed, None) is None:
            raise DemoStoppedError

    with pytest.raises(DemoStoppedError):
        seed_server(client, world.now, QUESTION_SET, keep_on)
    tagged = {"_tag": f"{DEMO_TAG['system']}|{DEMO_TAG['code']}"}
    assert [
        len(list(client.search(kind, tagged))) for kind in ("Organization", "Location", "Patient")
    ] == [4, 3, 0]


def test_seeds_patients_that_pass_our_own_validation(
    world: SeededDemo,
) -> None:
    from fhir.resources.R4B.patient import Patient

    for person in world.contents.people:
        Patient.model_validate(charts.patient_resource(person, "Organization/1"))
