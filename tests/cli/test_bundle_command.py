"""`intake bundle`: every example in every US Core version, and the faults that it names."""

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    ElementValue,
    Interpreter,
    Source,
)
from fhir_client.uscore.versions import VERSIONS
from intake.cli import main
from tests.support.parsed_statements import parse_statement

DATA = Path(__file__).parents[1] / "support" / "data"
EXAMPLES = sorted(DATA.glob("*.answers.json"))
DECLINED, UNKNOWN = AbsentReason.ASKED_DECLINED, AbsentReason.ASKED_UNKNOWN
CHART: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "77",
    "meta": {"versionId": "4"},
    "telecom": [{"system": "phone", "value": "555"}],
    "address": [
        {
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/geolocation", "valueDecimal": "%s"}
            ]
        }
    ],
}
LATITUDE = "42.3660000"


def printed(
    capsys: pytest.CaptureFixture[str], path: Path, name: str, *more: str
) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["bundle", str(path), "--us-core", name, *more]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    found: dict[str, Any] = json.loads(said.out)
    return found


def resources(bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in bundle["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


@pytest.mark.parametrize("name", sorted(VERSIONS))
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name.partition(".")[0])
def test_builds_every_example_in_every_us_core_version(
    capsys: pytest.CaptureFixture[str], path: Path, name: str
) -> None:
    bundle, sent = printed(capsys, path, name), json.loads(path.read_text("utf-8"))
    found = resources(bundle)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    assert (len(found["QuestionnaireResponse"]), len(found["Provenance"]), "Patient" in found) == (
        1,
        1,
        False,
    )
    [response] = found["QuestionnaireResponse"]
    assert response["identifier"]["value"] == f"urn:uuid:{sent['id']}"
    # A question's details and own words are items beside it, whose linkIds begin with its own.
    assert {item["linkId"].partition(".")[0] for item in response["item"]} == {
        "notice",
        *sent["answers"],
    }
    named = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(named)) == len(named)
    once = [
        entry["request"].get("ifNoneExist")
        for entry in bundle["entry"]
        if "identifier" in entry["resource"]
    ]
    assert None not in once
    assert len(set(once)) == len(once) == len(named) - 1
    targets = [each["reference"] for each in found["Provenance"][0]["target"]]
    assert targets == named[:-1]
    profiles = {
        profile
        for each in found.get("Observation", [])
        for profile in each.get("meta", {}).get("profile", [])
    }
    asked = {"spoken-language", "interpreter", "tribal-affiliation"} & set(sent["answers"])
    assert any("screening-assessment" in profile for profile in profiles) == bool(
        asked and name != "3.1.1"
    )


@pytest.mark.parametrize(
    ("example", "race", "ethnicity", "interpreter"),
    [
        ("one-race", {"2054-5", "2071-9"}, None, Interpreter(True)),
        ("multi-race", {"2028-9", "2047-9", "2118-8", "2054-5"}, {"2135-2", "2148-5"}, DECLINED),
        ("declined", DECLINED, DECLINED, DECLINED),
        ("unknown", UNKNOWN, UNKNOWN, UNKNOWN),
        ("skipped", None, None, Interpreter(False)),
        ("nothing", None, None, None),
        ("write-in-only", set(), None, None),
        ("mena", {"2118-8", "2125-3", "2123-8"}, None, Interpreter(True)),
        ("hispanic-only", None, {"2135-2", "2161-8"}, Interpreter(False)),
        ("caregiver", UNKNOWN, UNKNOWN, Interpreter(True)),
        ("tribal", {"1002-5", "2106-3"}, None, Interpreter(False)),
        ("omb-1997", {"2076-8", "2080-0", "2106-3"}, {"2186-5"}, Interpreter(False)),
        ("omb-1997-hispanic", DECLINED, {"2135-2", "2148-5"}, None),
        ("omb-1997-unknown", set(), UNKNOWN, UNKNOWN),
    ],
)
def test_maps_each_example_to_the_expected_values(
    capsys: pytest.CaptureFixture[str], example: str, race: Any, ethnicity: Any, interpreter: Any
) -> None:
    found = parse_statement(
        entry["resource"]
        for entry in printed(capsys, DATA / f"{example}.answers.json", "6.1.0")["entry"]
    )
    assert codes(found.values.get(Element.RACE)) == race
    assert codes(found.values.get(Element.ETHNICITY)) == ethnicity
    assert found.values.get(Element.INTERPRETER) == interpreter


def codes(said: ElementValue | None) -> Any:
    return (
        {each.code for each in (*said.categories, *said.detailed)}
        if isinstance(said, CategoryAnswer)
        else said
    )


@pytest.mark.parametrize(
    ("example", "display"),
    [("guardian", "Parent or guardian"), ("caregiver", "Caregiver"), ("mena", None)],
)
def test_names_the_informant_in_the_statement(
    capsys: pytest.CaptureFixture[str], example: str, display: str | None
) -> None:
    found = resources(printed(capsys, DATA / f"{example}.answers.json", "6.1.0"))
    who = (
        {"reference": "Patient/example"}
        if display is None
        else {"type": "RelatedPerson", "display": display}
    )
    [response], [provenance] = found["QuestionnaireResponse"], found["Provenance"]
    assert [response["source"], provenance["agent"][0]["who"]] == [who] * 2
    # The clinic's staff entered what the caregiver said at the desk.
    clinic = {"reference": "Organization/riverside"}
    assert response["author"] == (clinic if example == "caregiver" else who)
    assert all(each["performer"] == [who] for each in found["Observation"])
    source = Source.PATIENT if display is None else Source.RELATED_PERSON
    methods = {
        each["method"]["coding"][0]["code"] for each in found["Observation"] if "method" in each
    }
    assert methods == (
        {"self-reported"} if source is Source.PATIENT else {"reported-by-related-person"}
    )


def patient_file(folder: Path, **changes: Any) -> Path:
    path = folder / "patient.json"
    path.write_text(json.dumps({**CHART, **changes}).replace('"%s"', LATITUDE), "utf-8")
    return path


def test_merges_a_patient_with_if_match_and_every_digit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(
            [
                "bundle",
                str(DATA / "mena.answers.json"),
                "--us-core",
                "6.1.0",
                "--patient",
                str(patient_file(tmp_path)),
            ]
        )
        == 0
    )
    out = capsys.readouterr().out
    entry = json.loads(out)["entry"][0]
    assert entry["request"] == {"method": "PUT", "url": "Patient/77", "ifMatch": 'W/"4"'}
    assert entry["resource"]["telecom"] == CHART["telecom"]
    assert f'"valueDecimal": {LATITUDE}' in out
    assert '"Patient/example"' not in out


@pytest.mark.parametrize(
    "changes",
    [
        {"extension": None},
        {"extension": [None]},
        {"communication": None, "name": [None]},
        {"birthDate": None},
        {"name": [{"family": "N\ud83dg"}]},
    ],
)
def test_merges_a_patient_with_values_that_fhir_forbids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    path = patient_file(tmp_path, **changes)
    answers = str(DATA / "mena.answers.json")
    assert main(["bundle", answers, "--us-core", "6.1.0", "--patient", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["entry"][0]["resource"]["id"] == "77"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"meta": 5}, "patient.json: the Patient has no meta.versionId"),
        ({"meta": {}}, "patient.json: the Patient has no meta.versionId"),
        ({"resourceType": "Person"}, "patient.json: this is no Patient"),
        ({"id": None}, "patient.json: this is no Patient with an id"),
    ],
)
def test_refuses_a_patient_it_cannot_write_safely(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], words: str
) -> None:
    path = patient_file(tmp_path, **changes)
    assert (
        main(
            [
                "bundle",
                str(DATA / "mena.answers.json"),
                "--us-core",
                "6.1.0",
                "--patient",
                str(path),
            ]
        )
        == 1
    )
    said = capsys.readouterr()
    assert (words in said.err, said.out) == (True, "")


@pytest.mark.parametrize(
    ("answers", "name", "words"),
    [
        ("mena.answers.json", "5.0.0", "US Core '5.0.0' is not among"),
        ("missing.answers.json", "6.1.0", "missing.answers.json: "),
    ],
)
def test_explains_a_bad_submission_in_a_sentence(
    capsys: pytest.CaptureFixture[str], answers: str, name: str, words: str
) -> None:
    assert main(["bundle", str(DATA / answers), "--us-core", name]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"extension": 5}', "Patient.extension is not a list"),
        ('{"extension": [[]]}', "Patient.extension[0] is not an object"),
        ('{"communication": [{"language": []}]}', "Patient.communication[0].language is not"),
        ('{"id": ["77"]}', "this is no Patient with an id"),
        ('{"id": "77/../5"}', "this is no Patient with an id"),
        ('{"meta": {"versionId": 4}}', "no meta.versionId"),
        ('{"meta": [4]}', "no meta.versionId"),
        ('{"meta": {"versionId": "4", "tag": 5}}', "Patient.meta.tag is not a list"),
        ('{"name": ' + "[" * 200_000 + "]" * 200_000 + "}", "nested too deeply"),
        ('{"name": ' + "[" * 200 + "]" * 200 + "}", "nested more than 128 levels"),
        ('{"multipleBirthInteger": ' + "9" * 5000 + "}", "integer"),
    ],
)
def test_names_the_odd_node_of_a_chart_and_prints_no_bundle(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str
) -> None:
    chart = tmp_path / "patient.json"
    whole = json.dumps({"resourceType": "Patient", "id": "77", "meta": {"versionId": "4"}})
    # A later key replaces an earlier one.
    chart.write_text(f"{whole[:-1]},{text[1:]}", "utf-8")
    arguments = ["bundle", str(EXAMPLES[0]), "--us-core", "6.1.0", "--patient", str(chart)]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{chart}: ")
    assert words in said.err
    assert len(said.err.splitlines()) == 1
