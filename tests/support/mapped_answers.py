"""Answers mapped to statements, and what a test reads of them."""

from datetime import UTC, datetime
from uuid import UUID

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    CategoryAnswer,
    Statement,
)
from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.mapping.statement import build_statement
from intake.questions import QuestionSet
from intake.settings import MappingPolicy, load_settings

ASIAN, BLACK, WHITE, PACIFIC = "2028-9", "2054-5", "2106-3", "2076-8"
HISPANIC, NOT_HISPANIC, MENA = "2135-2", "2186-5", "2118-8"


def choose(*choices: str, **write_ins: str) -> Answer:
    return Answer(
        AnswerState.ANSWERED,
        choices,
        {key.replace("_", "-"): text for key, text in write_ins.items()},
    )


def map_answers(
    answers: dict[str, Answer],
    *,
    questions: str = "spd15-2024",
    informant: Informant = Informant.SELF,
    channel: Channel = Channel.KIOSK,
    policy: MappingPolicy | None = None,
    question_set: QuestionSet | None = None,
) -> Statement:
    submission = Submission(
        id=UUID(int=1),
        clinic="riverside",
        patient="Patient/1",
        answered_at=datetime(2026, 11, 23, 15, tzinfo=UTC),
        informant=informant,
        channel=channel,
        question_set=questions,
        question_set_version="1.0.0",
        locale="es",
        notice="2026-11",
        answers=answers,
    )
    return build_statement(
        submission,
        question_set or load_settings().question_sets[questions],
        policy or MappingPolicy(),
    )


def map_race_ethnicity(
    answer: Answer, policy: MappingPolicy | None = None
) -> tuple[CategoryAnswer | None, CategoryAnswer | None]:
    statement = map_answers({"race-ethnicity": answer}, policy=policy)
    race, ethnicity = statement.values.get(Element.RACE), statement.values.get(Element.ETHNICITY)
    assert race is None or isinstance(race, CategoryAnswer)
    assert ethnicity is None or isinstance(ethnicity, CategoryAnswer)
    return race, ethnicity


def list_codes(coded: CategoryAnswer | None) -> tuple[list[str], list[str]]:
    assert coded is not None
    return [coding.code for coding in coded.categories], [coding.code for coding in coded.detailed]
