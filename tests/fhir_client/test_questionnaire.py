"""The QuestionnaireResponse says in which language it is written, and in which one the person was asked."""

from datetime import UTC, datetime
from uuid import UUID

from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.reading import statement_in
from fhir_client.uscore.statement import ItemAnswer, Source, Statement
from fhir_client.uscore.versions import version

SAID = Statement(
    submission=UUID(int=1),
    patient="Patient/1",
    at=datetime(2026, 11, 24, 15, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="https://intake.example/Questionnaire/spd15-2024|1.1.0",
    locale="zh-Hant",
    notice="2026-11 (a)",
    items=(ItemAnswer("race-ethnicity.own-words", "In your own words", strings=("客家人",)),),
)


def test_what_the_person_saw_in_chinese_is_written_in_english_and_says_both() -> None:
    found = questionnaire_response(SAID, version("6.1.0"))
    assert found["language"] == "en"
    assert found["item"][0]["answer"] == [{"valueString": "2026-11 (a) (zh-Hant)"}]
    assert found["item"][1]["answer"] == [{"valueString": "客家人"}]
    back = statement_in([found])
    assert (back.locale, back.notice) == ("zh-Hant", "2026-11 (a)")
