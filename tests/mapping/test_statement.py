"""Answers as coded statements, rule by rule.

Some tests are named after the bugs that other systems have shipped.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
    Interpreter,
    Language,
    Source,
    Statement,
    TribalAffiliation,
)
from intake.answers import OWN_WORDS, Answer, AnswerState, Channel, Informant, Submission
from intake.mapping.choices import UnknownAnswerError
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
    policy: MappingPolicy | None = None,
    question_set: QuestionSet | None = None,
) -> Statement:
    submission = Submission(
        id=UUID(int=1),
        clinic="riverside",
        patient="Patient/1",
        answered_at=datetime(2026, 11, 23, 15, tzinfo=UTC),
        informant=informant,
        channel=Channel.KIOSK,
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


def test_maps_several_groups_with_details() -> None:
    race, ethnicity = map_race_ethnicity(choose(ASIAN, "2047-9", BLACK, HISPANIC, "2148-5"))
    assert list_codes(race) == ([ASIAN, BLACK], ["2047-9"])
    assert list_codes(ethnicity) == ([HISPANIC], ["2148-5"])
    assert race is not None
    assert race.text == "Asian, Vietnamese, Black or African American"


def test_keeps_asian_beside_hispanic() -> None:
    race, ethnicity = map_race_ethnicity(choose(ASIAN, HISPANIC))
    assert list_codes(race) == ([ASIAN], [])
    assert list_codes(ethnicity) == ([HISPANIC], [])


def test_maps_hispanic_to_ethnicity_and_not_to_race() -> None:
    race, ethnicity = map_race_ethnicity(choose(HISPANIC))
    assert race is None
    assert list_codes(ethnicity) == ([HISPANIC], [])


def test_leaves_ethnicity_out_when_no_box_of_it_is_ticked() -> None:
    assert map_race_ethnicity(choose(WHITE))[1] is None


def test_infers_not_hispanic_only_if_the_site_switches_it_on() -> None:
    policy = MappingPolicy(infer_not_hispanic=True)
    assert list_codes(map_race_ethnicity(choose(WHITE), policy)[1]) == ([NOT_HISPANIC], [])
    assert list_codes(map_race_ethnicity(choose(WHITE, HISPANIC), policy)[1]) == ([HISPANIC], [])


def test_maps_mena_to_a_detail_and_never_to_a_category() -> None:
    race, _ = map_race_ethnicity(choose(MENA, "2125-3"))
    assert list_codes(race) == ([], [MENA, "2125-3"])


def test_rolls_mena_up_to_white_only_if_the_site_switches_it_on() -> None:
    race, _ = map_race_ethnicity(choose(MENA), MappingPolicy(mena_rolls_up_to_white=True))
    assert list_codes(race) == ([WHITE], [MENA])


def test_maps_a_box_without_a_code_to_its_group_and_text() -> None:
    race, _ = map_race_ethnicity(choose(BLACK, "somali"))
    assert list_codes(race) == ([BLACK], [])
    assert race is not None
    assert race.text == "Black or African American, Somali"


def test_keeps_a_box_without_a_code_beside_own_words() -> None:
    race, _ = map_race_ethnicity(
        Answer(AnswerState.ANSWERED, (BLACK, "somali"), {BLACK: "Benadiri"})
    )
    assert race is not None
    assert race.text == "Somali; Benadiri"


@pytest.mark.parametrize(
    ("code", "expected"), [("2184-0", (None, [HISPANIC])), ("2069-3", ([BLACK], None))]
)
def test_maps_dominican_to_the_group_that_the_patient_chose(
    code: str, expected: tuple[list[str] | None, list[str] | None]
) -> None:
    race, ethnicity = map_race_ethnicity(choose(code))
    assert (
        list_codes(race)[0] if race else None,
        list_codes(ethnicity)[0] if ethnicity else None,
    ) == expected


def test_adds_the_group_of_a_code_from_the_search() -> None:
    race, _ = map_race_ethnicity(choose("1010-8"))
    assert list_codes(race) == (["1002-5"], ["1010-8"])


def test_takes_own_words_alone_as_an_answer() -> None:
    race, ethnicity = map_race_ethnicity(choose(own_words="Black Irish"))
    assert race == CategoryAnswer(text="Black Irish")
    assert ethnicity is None


def test_gives_own_words_beside_hispanic_alone_to_ethnicity() -> None:
    race, ethnicity = map_race_ethnicity(choose(HISPANIC, own_words="Chicana"))
    assert race is None
    assert ethnicity is not None
    assert ethnicity.text == "Chicana"


def test_puts_a_groups_write_in_into_the_text_of_its_element() -> None:
    race, ethnicity = map_race_ethnicity(
        Answer(AnswerState.ANSWERED, (ASIAN, HISPANIC), {ASIAN: "Hmong", HISPANIC: "de Oaxaca"})
    )
    assert race is not None
    assert ethnicity is not None
    assert (race.text, ethnicity.text) == ("Hmong", "de Oaxaca")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (AnswerState.DECLINED, AbsentReason.ASKED_DECLINED),
        (AnswerState.UNKNOWN, AbsentReason.ASKED_UNKNOWN),
    ],
)
def test_keeps_declined_and_unknown_apart(state: AnswerState, reason: AbsentReason) -> None:
    statement = map_answers(
        {
            name: Answer(state)
            for name in ("race-ethnicity", "spoken-language", "written-language", "interpreter")
        }
    )
    assert {
        statement.values.get(Element.RACE),
        statement.values.get(Element.ETHNICITY),
        statement.values.get(Element.SPOKEN_LANGUAGE),
        statement.values.get(Element.WRITTEN_LANGUAGE),
        statement.values.get(Element.INTERPRETER),
    } == {reason}
    assert [item.absent_reason for item in statement.items] == [reason] * 4


def test_leaves_out_what_was_not_asked() -> None:
    statement = map_answers({})
    assert (
        statement.values.get(Element.RACE),
        statement.values.get(Element.ETHNICITY),
        statement.values.get(Element.SPOKEN_LANGUAGE),
        statement.values.get(Element.WRITTEN_LANGUAGE),
        statement.values.get(Element.INTERPRETER),
    ) == (None,) * 5


def test_never_takes_the_language_of_the_pages_for_the_preferred_one() -> None:
    assert map_answers({"interpreter": choose("yes")}).values.get(Element.SPOKEN_LANGUAGE) is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("es", ["es"]),
        ("yue", ["zh", "yue"]),
        ("prs", ["fa", "prs"]),
        ("zh-Hans", ["zh"]),
        ("ase", ["sgn", "ase"]),
        ("mixteco", []),
    ],
)
def test_codes_languages_from_the_shortest_to_the_most_specific(
    choice: str, expected: list[str]
) -> None:
    spoken = map_answers({"spoken-language": choose(choice)}).values.get(Element.SPOKEN_LANGUAGE)
    assert isinstance(spoken, Language)
    assert [coding.code for coding in spoken.codings] == expected
    assert spoken.signed == (choice == "ase")
    assert spoken.text


def test_codes_no_language_in_own_words() -> None:
    assert map_answers({"written-language": choose(own_words="Mixteco bajo")}).values.get(
        Element.WRITTEN_LANGUAGE
    ) == Language(text="Mixteco bajo")


@pytest.mark.parametrize(("choice", "needed"), [("yes", True), ("no", False)])
def test_maps_the_interpreter(choice: str, needed: bool) -> None:
    assert map_answers({"interpreter": choose(choice)}).values.get(
        Element.INTERPRETER
    ) == Interpreter(needed)


def test_counts_a_tribe_from_paper_without_its_group() -> None:
    statement = map_answers({"tribal-affiliation": choose("170")}, questions="spd15-2024-tribal")
    assert isinstance(statement.values.get(Element.TRIBAL_AFFILIATION), TribalAffiliation)
    assert statement.values.get(Element.RACE) is None


def test_keeps_each_tribe_apart_and_own_words_as_another() -> None:
    answers = {"tribal-affiliation": choose("170", "549", own_words="Schaghticoke")}
    affiliation = map_answers(answers, questions="spd15-2024-tribal").values.get(
        Element.TRIBAL_AFFILIATION
    )
    assert isinstance(affiliation, TribalAffiliation)
    assert [tribe.coding and tribe.coding.code for tribe in affiliation.tribes] == [
        "170",
        "549",
        None,
    ]
    assert [tribe.text for tribe in affiliation.tribes][2] == "Schaghticoke"


@pytest.mark.parametrize(
    ("informant", "source", "display"),
    [
        (Informant.SELF, Source.PATIENT, None),
        (Informant.SELF_WITH_HELP, Source.PATIENT, None),
        (Informant.GUARDIAN, Source.RELATED_PERSON, "Parent or guardian"),
        (Informant.CAREGIVER, Source.RELATED_PERSON, "Caregiver"),
    ],
)
def test_names_the_source_by_the_informant(
    informant: Informant, source: Source, display: str | None
) -> None:
    statement = map_answers({"interpreter": choose("no")}, informant=informant)
    assert (statement.source, statement.source_display) == (source, display)


def test_maps_the_set_of_1997_with_ethnicity_and_race_apart() -> None:
    statement = map_answers(
        {"ethnicity": choose(NOT_HISPANIC), "race": choose(PACIFIC, "2080-0")},
        questions="omb-1997",
    )
    race, ethnicity = statement.values[Element.RACE], statement.values[Element.ETHNICITY]
    assert isinstance(ethnicity, CategoryAnswer)
    assert isinstance(race, CategoryAnswer)
    assert list_codes(ethnicity) == ([NOT_HISPANIC], [])
    assert list_codes(race) == ([PACIFIC], ["2080-0"])


@pytest.mark.parametrize(
    "answers",
    [
        {"shoe-size": choose("9")},
        {"race-ethnicity": choose("no-such-code")},
        {"race-ethnicity": choose("2131-1-")},
        {"spoken-language": choose("klingon")},
        {"spoken-language": choose("es", "en")},
        {"interpreter": choose("perhaps")},
        {"interpreter": choose(own_words="perhaps")},
        {
            "race-ethnicity": Answer(
                AnswerState.ANSWERED, (ASIAN,), {"2047-9": "a detail has no line"}
            )
        },
        {
            "race-ethnicity": Answer(
                AnswerState.ANSWERED, (ASIAN,), {"no-such-code": "words that would be lost"}
            )
        },
        {
            "spoken-language": Answer(
                AnswerState.ANSWERED, ("es",), {"es": "words that would be lost"}
            )
        },
    ],
)
def test_names_and_never_quotes_what_the_question_set_does_not_have(
    answers: dict[str, Answer],
) -> None:
    name, answer = next(iter(answers.items()))
    with pytest.raises(UnknownAnswerError, match=name) as caught:
        map_answers(answers)
    quotable = (*answer.choices, *answer.write_ins, *answer.write_ins.values())
    assert not any(re.search(rf"\b{part}\b", str(caught.value)) for part in quotable)


def test_names_an_unknown_tribe_by_its_position() -> None:
    with pytest.raises(
        UnknownAnswerError, match=r"answers.tribal-affiliation.choices\[1\]: is no tribe"
    ):
        map_answers({"tribal-affiliation": choose("170", "2028-9")}, questions="spd15-2024-tribal")


@pytest.mark.parametrize("hispanic", [HISPANIC, "2148-5"])
def test_refuses_choices_that_contradict_each_other(hispanic: str) -> None:
    with pytest.raises(UnknownAnswerError, match="contradict"):
        map_answers({"ethnicity": choose(NOT_HISPANIC, hispanic)}, questions="omb-1997")


def test_never_infers_not_hispanic_from_own_words_alone() -> None:
    assert (
        map_race_ethnicity(choose(own_words="Latina"), MappingPolicy(infer_not_hispanic=True))[1]
        is None
    )


def test_names_the_question_set_version_that_was_answered() -> None:
    assert map_answers({}).questionnaire.endswith("spd15-2024|1.0.0")
    questions = replace(load_settings().question_sets["spd15-2024"], version="2.0.0")
    assert map_answers({}, question_set=questions).questionnaire.endswith("spd15-2024|1.0.0")


def test_reserves_the_own_words_key() -> None:
    assert all(
        option.id != OWN_WORDS
        for question in load_settings().question_set.questions
        for option in question.options
    )
