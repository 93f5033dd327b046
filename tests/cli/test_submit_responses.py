"""`intake submit` takes in QuestionnaireResponses, by our own rules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from intake.cli import main
from intake.cli.site import open_current_database
from intake.settings import load_settings
from intake.store.payload import decode_submission
from intake.store.tables import submissions
from tests.support.command_site import CLINICS, example_line

Json = dict[str, Any]
CDCREC = "urn:oid:2.16.840.1.113883.6.238"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CANONICAL = "https://intake.example.org/fhir/Questionnaire/spd15-2024|1.1.0"
SECRET = "Xoxocotla"


def coded(link_id: str, *codes: tuple[str, str]) -> Json:
    answers = [{"valueCoding": {"system": system, "code": code}} for system, code in codes]
    return {"linkId": link_id, "answer": answers}


def written(link_id: str, words: str) -> Json:
    return {"linkId": link_id, "answer": [{"valueString": words}]}


ASIAN, DECLINED = (CDCREC, "2028-9"), (ABSENT, "asked-declined")
RACE = "race-ethnicity"


def response(*items: Json, **changes: Any) -> Json:
    """A response as LHC-Forms makes it: without identifier, source and notice."""
    made = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": CANONICAL,
        "authored": "2026-11-23T10:00:00.123-05:00",
        "subject": {"reference": "Patient/7"},
        "item": list(items) or [coded(RACE, ASIAN)],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


@pytest.fixture
def submit(ready: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Submit lines as one file; returns the exit code and both outputs."""

    def submit_lines(*lines: Json | str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (ready / "in.ndjson").write_text("\n".join(texts), "utf-8")
        code = main(["submit", str(ready / "in.ndjson"), *options])
        output = capsys.readouterr()
        return code, output.out, output.err

    return submit_lines


def stored() -> list[Any]:
    """Return the stored submissions."""
    with open_current_database(load_settings()) as database, database.read() as tx:
        rows = tx.connection.execute(submissions.select()).all()
        return [decode_submission(tx.cipher.decrypt(row.payload, row.id)) for row in rows]


def test_stores_a_foreign_response_beside_answers_once(submit: Any) -> None:
    lines = [response(), example_line(), response(coded(RACE, DECLINED), id="r-1")]
    code, ids, faults = submit(*lines)
    assert (code, faults, len(ids.split())) == (0, "", 3)
    assert submit(*lines) == (0, ids, "")
    first = next(
        item for item in stored() if item.patient == "Patient/7" and item.answers[RACE].choices
    )
    assert first.answers[RACE].choices == ("2028-9",)
    assert (first.clinic, first.locale, first.notice) == ("riverside", "en", "not-shown")
    assert len(stored()) == 3


def test_reads_one_pretty_printed_response(ready: Path, submit: Any) -> None:
    text = json.dumps(response(), indent=1).replace("[\n  {", "[\n{}\n  ,{", 0)
    pretty = text.replace(
        '"subject": {\n  "reference": "Patient/7"\n }', '"subject":\n{"reference": "Patient/7"}\n'
    )
    assert '\n{"reference": "Patient/7"}\n' in pretty
    code, ids, faults = submit(pretty)
    assert (code, len(ids.split()), faults) == (0, 1, "")


def test_same_id_with_other_content_is_a_fault(submit: Any) -> None:
    identifier = {
        "system": "urn:ietf:rfc:3986",
        "value": "urn:uuid:0d4a8f2c-6c1e-4c0a-9a53-1f7a3a1f5c99",
    }
    changed = response(coded(RACE, DECLINED), identifier=identifier)
    code, ids, faults = submit(
        response(identifier=identifier), changed, response(identifier=identifier)
    )
    assert ids.split() == ["0d4a8f2c-6c1e-4c0a-9a53-1f7a3a1f5c99"] * 2
    assert code == 1
    assert "in.ndjson:2: " in faults
    assert "other content" in faults


def test_options_name_what_a_response_lacks(ready: Path, submit: Any) -> None:
    (ready / "clinics.toml").write_text(CLINICS + CLINICS.replace("riverside", "hillside"), "utf-8")
    code, _, faults = submit(response())
    assert code == 1
    assert "clinic: name it with --clinic; there are riverside, hillside" in faults
    options = ("--clinic", "hillside", "--patient", "Patient/9")
    assert submit(response(subject=None), options=options)[0] == 0
    assert [(item.clinic, item.patient) for item in stored()] == [("hillside", "Patient/9")]


DETAILS = "race-ethnicity.details"
BAD: dict[str, Json] = {
    f"{RACE}: “I’d rather not say” cannot stand together with “Asian”": response(
        coded(RACE, ASIAN, DECLINED)
    ),
    f"{RACE}: “I’d rather not say” cannot stand together with “I don’t know”": response(
        coded(RACE, DECLINED, (ABSENT, "asked-unknown"))
    ),
    f"{RACE}: “I’d rather not say” cannot stand together with words in {RACE}.own-words": response(
        coded(RACE, DECLINED), written(f"{RACE}.own-words", SECRET)
    ),
    "interpreter: takes one answer, and has 2": response(
        coded("interpreter", ("http://snomed.info/sct", "373066001"), DECLINED)
    ),
    "spoken-language: “I’d rather not say” cannot stand together with words in": response(
        coded("spoken-language", DECLINED), written("spoken-language.own-words", SECRET)
    ),
    "item[1]: the Questionnaire has no linkId “shoe-size” here": response(
        coded(RACE, ASIAN), coded("shoe-size", ASIAN)
    ),
    "item[0]: the Questionnaire has no linkId “race-ethnicity.2028-9.boxes” here": response(
        coded("race-ethnicity.2028-9.boxes", ASIAN)
    ),
    f"{RACE}: is there twice": response(coded(RACE, ASIAN), coded(RACE, ASIAN)),
    f"{RACE}: has the same option twice": response(coded(RACE, ASIAN, ASIAN)),
    f"{RACE}: answer[0]: its system and code are no option": response(
        coded(RACE, (CDCREC, SECRET))
    ),
    f"{RACE}: answer[1]: its system and code are no option": response(
        coded(RACE, ASIAN, ("urn:other", "2028-9"))
    ),
    f"{RACE}: answer[0]: valueCoding is needed": response(written(RACE, SECRET)),
    f"{RACE}: answer[0].valueCoding: an object is needed": response(
        {"linkId": RACE, "answer": [{"valueCoding": 5}]}
    ),
    f"{RACE}.answer: a list of objects is needed": response({"linkId": RACE, "answer": 5}),
    f"{RACE}.own-words: answer[0]: valueString is needed": response(
        coded(f"{RACE}.own-words", ASIAN)
    ),
    f"{RACE}.own-words: answer[0]: has no visible character": response(
        written(f"{RACE}.own-words", "\u200b")
    ),
    f"{RACE}.own-words: answer[0]: 2001 characters, at most 2000": response(
        written(f"{RACE}.own-words", "x" * 2001)
    ),
    f"{DETAILS}: an item of type group takes no answer": response(coded(DETAILS, ASIAN)),
    f"{DETAILS}.item: a list is needed": response({"linkId": DETAILS, "item": {}}),
    "item[0].linkId: a text is needed": response({"linkId": 5}),
    "item: a list is needed": response(item="x"),
    "questionnaire: https://intake.example.org/fhir/Questionnaire/spd15-2024|1.1.0": response(
        questionnaire=CANONICAL.replace("1.1.0", "0.9")
    ),
    "questionnaire: https://intake.example.org/fhir/Questionnaire/spd15-2024|1.1.0 is": response(
        questionnaire=CANONICAL.partition("|")[0]
    ),
    "questionnaire: is none of": response(questionnaire=5),
    "authored: a time with an offset is needed": response(authored="2026-11-23T10:00:00"),
    "authored: a time with an offset is needed,": response(authored="2026-11-23"),
    "authored: a time with an offset is needed, such": response(authored="2026-11-23T23:59:60Z"),
    "authored: a time with an offset is needed, such as": response(authored=None),
    "status: completed or amended is needed": response(status="in-progress"),
    "subject: a Patient of http://127.0.0.1:9/fhir is needed": response(subject=None),
    "subject: a Patient of http://127.0.0.1:9/fhir is needed,": response(
        subject={"reference": "https://other.example/fhir/Patient/7"}
    ),
    "encounter: an Encounter of": response(encounter={"reference": "Patient/7"}),
    "source: a RelatedPerson needs the display “Parent or guardian” or “Caregiver”": response(
        source={"reference": "RelatedPerson/5"}
    ),
    "source: the Patient or RelatedPerson who answered is needed": response(
        source={"reference": "Practitioner/5"}
    ),
    "resourceType: QuestionnaireResponse is needed": {"resourceType": "Bundle"},
    "language: a language tag is needed": response(language=5),
    "answered_at: the offset": response(authored="2026-11-23T10:00:00+15:00"),
    "answered_at: lies in the future": response(authored="2126-11-23T10:00:00Z"),
}


@pytest.mark.parametrize("words", BAD)
def test_names_each_fault_and_leaves_the_rest_untouched(submit: Any, words: str) -> None:
    code, ids, faults = submit(response(), BAD[words], example_line())
    assert (code, len(ids.split())) == (1, 2)
    assert f"in.ndjson:2: {words}" in faults
    assert len(faults.splitlines()) == 1
    assert SECRET not in faults


def test_names_contradicting_groups_in_the_patients_language(ready: Path, submit: Any) -> None:
    intake = ready / "intake.toml"
    intake.write_text('languages = ["en", "es"]\n' + intake.read_text("utf-8"), "utf-8")
    both = response(
        coded("ethnicity", (CDCREC, "2186-5")),
        {
            "linkId": "ethnicity.details",
            "item": [
                {
                    "linkId": "ethnicity.2135-2",
                    "item": [coded("ethnicity.2135-2.boxes", (CDCREC, "2148-5"))],
                }
            ],
        },
        questionnaire="https://intake.example.org/fhir/Questionnaire/omb-1997|1.1.0",
    )
    _, _, faults = submit(both, {**both, "language": "es"})
    english, spanish = faults.splitlines()
    assert "ethnicity: “Hispanic or Latino” cannot stand together with" in english
    assert "“Not Hispanic or Latino”" in english
    assert "Hispanic or Latino" not in spanish


def test_absolute_references_of_the_clinics_server_and_other_spellings_count(submit: Any) -> None:
    subject = {"reference": "http://127.0.0.1:9/fhir/Patient/7/_history/3"}
    other_spelling = coded(RACE, ("2.16.840.1.113883.6.238", "2028-9"))
    empty: list[Json] = [{"linkId": DETAILS}, {"linkId": "interpreter", "answer": []}]
    author = {"type": "Practitioner", "display": "Kim"}
    source = {"type": "RelatedPerson", "display": "Caregiver"}
    line = response(other_spelling, *empty, subject=subject, author=author, source=source)
    assert submit(line)[0] == 0
    [item] = stored()
    assert (item.patient, item.informant, item.channel) == ("Patient/7", "caregiver", "staff")
    assert list(item.answers) == [RACE]
