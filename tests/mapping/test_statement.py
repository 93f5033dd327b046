"""Answers as coded statements, rule by rule.

Some tests are named after the bugs that other systems have shipped.
"""

import re
from dataclasses import replace

import pytest

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    AbsentReason,
    CategoryAnswer,
)
from intake.answers import OWN_WORDS, Answer, AnswerState
from intake.mapping.choices import UnknownAnswerError
from intake.settings import MappingPolicy, load_settings
from tests.support.mapped_answers import (
    ASIAN,
    BLACK,
    HISPANIC,
    MENA,
    NOT_HISPANIC,
    PACIFIC,
    WHITE,
    choose,
    list_codes,
    map_answers,
    map_race_ethnicity,
)


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
    assert race.text == "Black or African American, Somali; Benadiri"


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


@pytest.mark.parametrize(
    ("choices", "expected", "text"),
    [
        ((ASIAN, "2126-1"), ([ASIAN], ["2126-1"]), "Asian, Afghanistani"),
        (("2126-1", ASIAN), ([ASIAN], ["2126-1"]), "Asian, Afghanistani"),
        (
            (MENA, "2126-1"),
            ([], [MENA, "2126-1"]),
            "Middle Eastern or North African, Afghanistani",
        ),
        (("2126-1",), ([], [MENA, "2126-1"]), "Middle Eastern or North African, Afghanistani"),
        (
            (MENA, "2129-5"),
            ([], [MENA, "2129-5"]),
            "Middle Eastern or North African, Arab",
        ),
        ((WHITE, "2129-5"), ([WHITE], ["2129-5"]), "White, Arab"),
        ((BLACK, "2052-9"), ([BLACK], ["2052-9"]), "Black or African American, Madagascar"),
        ((ASIAN, "2052-9"), ([ASIAN], ["2052-9"]), "Asian, Madagascar"),
        (
            (ASIAN, MENA, "2126-1"),
            ([ASIAN], [MENA, "2126-1"]),
            "Asian, Middle Eastern or North African, Afghanistani",
        ),
    ],
)
def test_a_detail_of_two_groups_adds_none_that_was_not_ticked(
    choices: tuple[str, ...], expected: tuple[list[str], list[str]], text: str
) -> None:
    race, _ = map_race_ethnicity(choose(*choices), MappingPolicy(mena_rolls_up_to_white=False))
    assert list_codes(race) == expected
    assert race is not None
    assert race.text == text


def test_a_detail_of_a_ticked_group_adds_none_in_the_set_of_1997() -> None:
    answers = {"race": choose(ASIAN, "2126-1")}
    race = map_answers(answers, questions="omb-1997").values[Element.RACE]
    assert isinstance(race, CategoryAnswer)
    assert list_codes(race) == ([ASIAN], ["2126-1"])


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
    assert ethnicity.text == "Hispanic or Latino; Chicana"


def test_puts_a_groups_write_in_into_the_text_of_its_element() -> None:
    race, ethnicity = map_race_ethnicity(
        Answer(AnswerState.ANSWERED, (ASIAN, HISPANIC), {ASIAN: "Hmong", HISPANIC: "de Oaxaca"})
    )
    assert race is not None
    assert ethnicity is not None
    assert (race.text, ethnicity.text) == ("Asian; Hmong", "Hispanic or Latino; de Oaxaca")


def test_own_words_never_hide_a_ticked_group() -> None:
    race, _ = map_race_ethnicity(choose(WHITE, BLACK, own_words="Gullah"))
    assert list_codes(race) == ([WHITE, BLACK], [])
    assert race is not None
    assert race.text == "White, Black or African American; Gullah"


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
