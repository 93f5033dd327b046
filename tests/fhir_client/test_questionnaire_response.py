"""The QuestionnaireResponse tells its own language, and the language that was shown."""

from datetime import UTC, datetime
from uuid import UUID

from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import ItemAnswer, Source, Statement
from fhir_client.uscore.versions import us_core_version
from tests.support.parsed_statements import parse_statement

STATEMENT = Statement(
    submission=UUID(int=1),
    patient="Patient/1",
    answered_at=datetime(2026, 11, 24, 15, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="https://intake.example/Questionnaire/spd15-2024|1.1.0",
    locale="zh-Hant",
    notice="2026-11 (a)",
    items=(ItemAnswer("race-ethnicity.own-words", "In your own words", strings=("客家人",)),),
)


def test_answers_given_in_chinese_are_written_in_english_and_name_both() -> None:
    response = build_questionnaire_response(STATEMENT, us_core_version("6.1.0"))
    assert response["language"] == "en"
    assert response["item"][0]["answer"] == [{"valueString": "2026-11 (a) (zh-Hant)"}]
    assert response["item"][1]["answer"] == [{"valueString": "客家人"}]
    parsed = parse_statement([response])
    assert (parsed.locale, parsed.notice) == ("zh-Hant", "2026-11 (a)")


def test_an_observation_of_others_does_not_count() -> None:
    response = build_questionnaire_response(STATEMENT, us_core_version("6.1.0"))
    other = {"resourceType": "Observation", "code": {"coding": [{"code": "8302-2"}]}}
    assert parse_statement([response, other]) == parse_statement([response])
