"""The judge itself is judged: what is known to be wrong it refuses, one fault at a time."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from fhir_client.uscore.elements import ETHNICITY, RACE
from fhir_client.uscore.statement import BCP47, CDCREC
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR
from intake.settings import MappingPolicy, load_settings
from intake.store.payload import decode_submission
from tests.support.generated_cases import ChartKind, GeneratedCase, build_case_bundle
from tests.support.us_core_bindings import NEWEST_VERSIONS
from tests.validator.judge import Judge

pytestmark = pytest.mark.validator
Json = dict[str, Any]
DATA = Path(__file__).parents[1] / "support" / "data"
EXAMPLE, TRIBAL = DATA / "multi-race.answers.json", DATA / "tribal.answers.json"
BEFORE_8 = frozenset({"3.1.1", "6.1.0", "7.0.0"})


def resource(written: Json, kind: str, code: str | None = None) -> Json:
    """Return the Bundle's resource of the kind; an Observation of the LOINC code."""
    held: list[Json] = [entry["resource"] for entry in written["entry"]]
    return next(
        each
        for each in held
        if each["resourceType"] == kind
        and (code is None or each["code"]["coding"][0]["code"] == code)
    )


def race(written: Json) -> Json:
    return next(
        each for each in resource(written, "Patient")["extension"] if each["url"] == RACE.url
    )


def omb(system: str, code: str) -> Json:
    return {"url": "ombCategory", "valueCoding": {"system": system, "code": code}}


def observed(written: Json) -> Json:
    return resource(written, "Observation", "72826-1")


def component(system: str, code: str) -> Json:
    return {
        "code": {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]},
        "valueCodeableConcept": {"coding": [{"system": system, "code": code}]},
    }


def race_as_a_value(written: Json) -> None:
    found = race(written)
    del found["extension"]
    found["valueCodeableConcept"] = {"text": "Asian"}


def ethnicity_under_the_race_url(written: Json) -> None:
    [ethnicity] = [
        each for each in resource(written, "Patient")["extension"] if each["url"] == ETHNICITY.url
    ]
    ethnicity["url"] = RACE.url


def race_without_text(written: Json) -> None:
    race(written)["extension"] = [
        each for each in race(written)["extension"] if each["url"] != "text"
    ]


def race_with_two_texts(written: Json) -> None:
    race(written)["extension"].append({"url": "text", "valueString": "twice"})


def race_category(system: str, code: str) -> Callable[[Json], None]:
    return lambda written: race(written)["extension"].insert(0, omb(system, code))


def declined_beside_a_race(written: Json) -> None:
    race(written)["extension"].append(omb(NULL_FLAVOR, "ASKU"))


def another_display(written: Json) -> None:
    race(written)["extension"][0]["valueCoding"]["display"] = "White"


def unknown_detail(written: Json) -> None:
    race(written)["extension"].append(
        {"url": "detailed", "valueCoding": {"system": CDCREC, "code": "0000-0"}}
    )


def detail_of_ethnicity(written: Json) -> None:
    race(written)["extension"].append(
        {"url": "detailed", "valueCoding": {"system": CDCREC, "code": "2148-5"}}
    )


def language(code: str, system: str | None = BCP47) -> Callable[[Json], None]:
    coding = {"code": code} if system is None else {"code": code, "system": system}

    def change(written: Json) -> None:
        resource(written, "Patient")["communication"][0]["language"] = {"coding": [coding]}

    return change


def no_language(written: Json) -> None:
    del resource(written, "Patient")["communication"][0]["language"]


def no_name(written: Json) -> None:
    del resource(written, "Patient")["name"]


def observation_without(key: str) -> Callable[[Json], None]:
    return lambda written: observed(written).pop(key) and None


def absent_beside_components(written: Json) -> None:
    observed(written)["dataAbsentReason"] = {
        "coding": [{"system": DATA_ABSENT_REASON, "code": "asked-declined"}]
    }


def valued(written: Json) -> None:
    observed(written)["valueString"] = "Asian"


def race_component(system: str, code: str) -> Callable[[Json], None]:
    return lambda written: observed(written)["component"].append(component(system, code))


def told_by_a_drug(written: Json) -> None:
    observed(written)["performer"] = [{"reference": "Medication/1"}]


def drawn_from_nothing(written: Json) -> None:
    observed(written)["derivedFrom"] = [
        {"reference": "urn:uuid:0b2f7e5e-0d4e-4f8e-9f0e-2a4d4a1c9f00"}
    ]


def question_without_a_link(written: Json) -> None:
    del resource(written, "QuestionnaireResponse")["item"][1]["linkId"]


def nobody_told(written: Json) -> None:
    del resource(written, "Provenance")["agent"]


def nothing_targeted(written: Json) -> None:
    del resource(written, "Provenance")["target"]


def interpreter_as_a_text(written: Json) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
    resource(written, "Patient")["extension"].append({"url": url, "valueString": "yes"})


EVERYWHERE: dict[str, Callable[[Json], None]] = {
    each.__name__: each
    for each in (
        race_as_a_value,
        ethnicity_under_the_race_url,
        race_without_text,
        race_with_two_texts,
        another_display,
        unknown_detail,
        detail_of_ethnicity,
        no_language,
        no_name,
        absent_beside_components,
        valued,
        told_by_a_drug,
        drawn_from_nothing,
        question_without_a_link,
        nobody_told,
        nothing_targeted,
        interpreter_as_a_text,
    )
} | {
    "hispanic as a race": race_category(CDCREC, "2135-2"),
    "MENA as a category": race_category(CDCREC, "2118-8"),
    "a null flavor of no set": race_category(NULL_FLAVOR, "NI"),
    "a language that is none": language("zz-nope"),
    "no category": observation_without("category"),
    "no method": observation_without("method"),
    "no code": observation_without("code"),
    "no status": observation_without("status"),
    "a null as a component": race_component(NULL_FLAVOR, "ASKU"),
    "an ethnicity as a component": race_component(CDCREC, "2135-2"),
    "the same race twice": race_component(CDCREC, "2028-9"),
}
SOMEWHERE: dict[str, tuple[frozenset[str], Callable[[Json], None]]] = {
    "asked-declined before 8": (BEFORE_8, race_category(DATA_ABSENT_REASON, "asked-declined")),
    # Before, the set of languages cannot be evaluated.
    "a language of no system": (NEWEST_VERSIONS, language("es", None)),
    "a null beside a race": (frozenset({"9.0.0"}), declined_beside_a_race),
    "other race": (frozenset({"3.1.1"}), race_category(CDCREC, "2131-1")),
}


def written(version: str, example: Path = EXAMPLE) -> Json:
    """What the example says, in that version; nothing is wrong with it."""
    submission = decode_submission(example.read_bytes())
    questions = load_settings().question_sets[submission.question_set]
    case = GeneratedCase(
        submission, questions, MappingPolicy(), "Organization/riverside", ChartKind.BARE
    )
    return build_case_bundle(case, version)


def mutants(version: str) -> dict[str, Json]:
    """Return the example with one fault each."""
    changes = EVERYWHERE | {
        name: change for name, (versions, change) in SOMEWHERE.items() if version in versions
    }
    right = written(version)
    found = {name: deepcopy(right) for name in changes}
    for name, change in changes.items():
        change(found[name])
        assert found[name] != right, name
    return found


def test_what_is_right_passes_and_every_fault_is_refused(judge: Judge) -> None:
    wrong = mutants(judge.version)
    [right, *found] = judge.find_errors([written(judge.version), *wrong.values()])
    assert right == []
    assert [name for name, errors in zip(wrong, found, strict=True) if not errors] == []


def test_a_tribe_that_there_is_not_is_refused(judge: Judge) -> None:
    right = written(judge.version, TRIBAL)
    in_observation, in_chart = deepcopy(right), deepcopy(right)
    observation = resource(in_observation, "Observation", "95370-3")
    observation["component"][0]["valueCodeableConcept"]["coding"][0]["code"] = "580"
    wrong = [in_observation]
    if judge.version != "3.1.1":
        extension = resource(in_chart, "Patient")["extension"][-1]
        extension["extension"].append({"url": "isEnrolled", "valueString": "yes"})
        wrong.append(in_chart)
    [nothing, *found] = judge.find_errors([right, *wrong])
    assert nothing == []
    assert all(found)


def test_what_is_no_resource_is_refused(judge: Judge) -> None:
    [[empty], [odd]] = ([*judge.find_errors([each])] for each in ({}, {"resourceType": "Shoe"}))
    assert empty
    assert odd
