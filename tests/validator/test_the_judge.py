"""The judge refuses each known fault, one at a time."""

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


def find_resource(bundle: Json, resource_type: str, code: str | None = None) -> Json:
    """Return the Bundle's resource of that type, and of that LOINC code where one is given."""
    resources: list[Json] = [entry["resource"] for entry in bundle["entry"]]
    return next(
        resource
        for resource in resources
        if resource["resourceType"] == resource_type
        and (code is None or resource["code"]["coding"][0]["code"] == code)
    )


def find_extension(bundle: Json, url: str) -> Json:
    extensions: list[Json] = find_resource(bundle, "Patient")["extension"]
    return next(item for item in extensions if item["url"] == url)


def find_race(bundle: Json) -> Json:
    return find_extension(bundle, RACE.url)


def category_part(system: str, code: str) -> Json:
    return {"url": "ombCategory", "valueCoding": {"system": system, "code": code}}


def race_observation(bundle: Json) -> Json:
    return find_resource(bundle, "Observation", "72826-1")


def race_component_json(system: str, code: str) -> Json:
    return {
        "code": {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]},
        "valueCodeableConcept": {"coding": [{"system": system, "code": code}]},
    }


def race_as_a_value(bundle: Json) -> None:
    race = find_race(bundle)
    del race["extension"]
    race["valueCodeableConcept"] = {"text": "Asian"}


def ethnicity_under_the_race_url(bundle: Json) -> None:
    find_extension(bundle, ETHNICITY.url)["url"] = RACE.url


def race_without_text(bundle: Json) -> None:
    find_race(bundle)["extension"] = [
        part for part in find_race(bundle)["extension"] if part["url"] != "text"
    ]


def race_with_two_texts(bundle: Json) -> None:
    find_race(bundle)["extension"].append({"url": "text", "valueString": "twice"})


def race_category(system: str, code: str) -> Callable[[Json], None]:
    return lambda bundle: find_race(bundle)["extension"].insert(0, category_part(system, code))


def declined_beside_a_race(bundle: Json) -> None:
    find_race(bundle)["extension"].append(category_part(NULL_FLAVOR, "ASKU"))


def display_of_another_code(bundle: Json) -> None:
    find_race(bundle)["extension"][0]["valueCoding"]["display"] = "White"


def unknown_detail(bundle: Json) -> None:
    find_race(bundle)["extension"].append(
        {"url": "detailed", "valueCoding": {"system": CDCREC, "code": "0000-0"}}
    )


def detail_of_ethnicity(bundle: Json) -> None:
    find_race(bundle)["extension"].append(
        {"url": "detailed", "valueCoding": {"system": CDCREC, "code": "2148-5"}}
    )


def language(code: str, system: str | None = BCP47) -> Callable[[Json], None]:
    coding = {"code": code} if system is None else {"code": code, "system": system}

    def change(bundle: Json) -> None:
        find_resource(bundle, "Patient")["communication"][0]["language"] = {"coding": [coding]}

    return change


def entry_without_language(bundle: Json) -> None:
    del find_resource(bundle, "Patient")["communication"][0]["language"]


def patient_without_name(bundle: Json) -> None:
    del find_resource(bundle, "Patient")["name"]


def observation_without(key: str) -> Callable[[Json], None]:
    return lambda bundle: race_observation(bundle).pop(key) and None


def absent_beside_components(bundle: Json) -> None:
    race_observation(bundle)["dataAbsentReason"] = {
        "coding": [{"system": DATA_ABSENT_REASON, "code": "asked-declined"}]
    }


def observation_with_a_value(bundle: Json) -> None:
    race_observation(bundle)["valueString"] = "Asian"


def race_component(system: str, code: str) -> Callable[[Json], None]:
    return lambda bundle: race_observation(bundle)["component"].append(
        race_component_json(system, code)
    )


def performer_is_a_medication(bundle: Json) -> None:
    race_observation(bundle)["performer"] = [{"reference": "Medication/1"}]


def derived_from_a_missing_resource(bundle: Json) -> None:
    race_observation(bundle)["derivedFrom"] = [
        {"reference": "urn:uuid:0b2f7e5e-0d4e-4f8e-9f0e-2a4d4a1c9f00"}
    ]


def item_without_link_id(bundle: Json) -> None:
    del find_resource(bundle, "QuestionnaireResponse")["item"][1]["linkId"]


def provenance_without_agent(bundle: Json) -> None:
    del find_resource(bundle, "Provenance")["agent"]


def provenance_without_target(bundle: Json) -> None:
    del find_resource(bundle, "Provenance")["target"]


def interpreter_as_a_text(bundle: Json) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
    find_resource(bundle, "Patient")["extension"].append({"url": url, "valueString": "yes"})


FAULTS: dict[str, Callable[[Json], None]] = {
    change.__name__: change
    for change in (
        race_as_a_value,
        ethnicity_under_the_race_url,
        race_without_text,
        race_with_two_texts,
        display_of_another_code,
        unknown_detail,
        detail_of_ethnicity,
        entry_without_language,
        patient_without_name,
        absent_beside_components,
        observation_with_a_value,
        performer_is_a_medication,
        derived_from_a_missing_resource,
        item_without_link_id,
        provenance_without_agent,
        provenance_without_target,
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
FAULTS_OF_VERSIONS: dict[str, tuple[frozenset[str], Callable[[Json], None]]] = {
    "asked-declined before 8": (BEFORE_8, race_category(DATA_ABSENT_REASON, "asked-declined")),
    # Before, the set of languages cannot be evaluated.
    "a language of no system": (NEWEST_VERSIONS, language("es", None)),
    "a null beside a race": (frozenset({"9.0.0"}), declined_beside_a_race),
    "other race": (frozenset({"3.1.1"}), race_category(CDCREC, "2131-1")),
}


def build_example(version: str, example: Path = EXAMPLE) -> Json:
    """Return the Bundle of the example in that version; it has no fault."""
    submission = decode_submission(example.read_bytes())
    questions = load_settings().question_sets[submission.question_set]
    case = GeneratedCase(
        submission, questions, MappingPolicy(), "Organization/riverside", ChartKind.BARE
    )
    return build_case_bundle(case, version)


def faulty_bundles(version: str) -> dict[str, Json]:
    """Return copies of the example with one fault each, by the fault's name."""
    changes = FAULTS | {
        name: change
        for name, (versions, change) in FAULTS_OF_VERSIONS.items()
        if version in versions
    }
    correct = build_example(version)
    bundles = {name: deepcopy(correct) for name in changes}
    for name, change in changes.items():
        change(bundles[name])
        # A change that changes nothing would prove nothing.
        assert bundles[name] != correct, name
    return bundles


def test_the_example_passes_and_every_fault_is_refused(judge: Judge) -> None:
    faulty = faulty_bundles(judge.version)
    [no_errors, *errors_found] = judge.find_errors([build_example(judge.version), *faulty.values()])
    assert no_errors == []
    assert [name for name, errors in zip(faulty, errors_found, strict=True) if not errors] == []


def test_an_unknown_tribe_is_refused(judge: Judge) -> None:
    correct = build_example(judge.version, TRIBAL)
    in_observation, in_chart = deepcopy(correct), deepcopy(correct)
    observation = find_resource(in_observation, "Observation", "95370-3")
    observation["valueCodeableConcept"]["coding"][0]["code"] = "580"
    faulty = [in_observation]
    if judge.version != "3.1.1":
        extension = find_resource(in_chart, "Patient")["extension"][-1]
        extension["extension"].append({"url": "isEnrolled", "valueString": "yes"})
        faulty.append(in_chart)
    [no_errors, *errors_found] = judge.find_errors([correct, *faulty])
    assert no_errors == []
    assert all(errors_found)


def test_an_object_that_is_no_resource_is_refused(judge: Judge) -> None:
    [empty, unknown] = judge.find_errors([{}, {"resourceType": "Shoe"}])
    assert empty
    assert unknown
