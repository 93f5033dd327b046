"""The QuestionnaireResponse says in which language it is written, and in which one the person was asked."""

from datetime import UTC, datetime
from uuid import UUID

from fhir_client.uscore.parsing import parse_statement
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import ItemAnswer, Source, Statement
from fhir_client.uscore.versions import us_core_version

SAID = Statement(
    submission=UUID(int=1),
    patient="Patient/1",
    answered_at=datetime(2026, 11, 24, 15, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="https://intake.example/Questionnaire/spd15-2024|1.1.0",
    locale="zh-Hant",
    notice="2026-11 (a)",
    items=(ItemAnswer("race-ethnicity.own-words", "In your own words", strings=("客家人",)),),
)


def test_what_the_person_saw_in_chinese_is_written_in_english_and_says_both() -> None:
    found = build_questionnaire_response(SAID, us_core_version("6.1.0"))
    assert found["language"] == "en"
    assert found["item"][0]["answer"] == [{"valueString": "2026-11 (a) (zh-Hant)"}]
    assert found["item"][1]["answer"] == [{"valueString": "客家人"}]
    back = parse_statement([found])
    assert (back.locale, back.notice) == ("zh-Hant", "2026-11 (a)")
