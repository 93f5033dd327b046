"""Answers to FHIR, rule by rule (fhir_client/MAPPING.md, sections 2 to 5); the bugs that the field has shipped are named."""

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


def answered(*choices: str, **write_ins: str) -> Answer:
    return Answer(
        AnswerState.ANSWERED,
        choices,
        {key.replace("_", "-"): text for key, text in write_ins.items()},
    )


def said(
    answers: dict[str, Answer],
    *,
    questions: str = "spd15-2024",
    informant: Informant = Informant.SELF,
    policy: MappingPolicy | None = None,
    changed: QuestionSet | None = None,
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
        submission, changed or load_settings().question_sets[questions], policy or MappingPolicy()
    )


def race_ethnicity(
    answer: Answer, policy: MappingPolicy | None = None
) -> tuple[CategoryAnswer | None, CategoryAnswer | None]:
    found = said({"race-ethnicity": answer}, policy=policy)
    race, ethnicity = found.values.get(Element.RACE), found.values.get(Element.ETHNICITY)
    assert race is None or isinstance(race, CategoryAnswer)
    assert ethnicity is None or isinstance(ethnicity, CategoryAnswer)
    return race, ethnicity


def codes(coded: CategoryAnswer | None) -> tuple[list[str], list[str]]:
    assert coded is not None
    return [each.code for each in coded.categories], [each.code for each in coded.detailed]


def test_several_groups_with_details() -> None:
    race, ethnicity = race_ethnicity(answered(ASIAN, "2047-9", BLACK, HISPANIC, "2148-5"))
    assert codes(race) == ([ASIAN, BLACK], ["2047-9"])
    assert codes(ethnicity) == ([HISPANIC], ["2148-5"])
    assert race is not None
    assert race.text == "Asian, Vietnamese, Black or African American"


def test_asian_and_hispanic_collapsed_to_hispanic() -> None:
    race, ethnicity = race_ethnicity(answered(ASIAN, HISPANIC))
    assert codes(race) == ([ASIAN], [])
    assert codes(ethnicity) == ([HISPANIC], [])


def test_hispanic_exported_as_a_race() -> None:
    race, ethnicity = race_ethnicity(answered(HISPANIC))
    assert race is None
    assert codes(ethnicity) == ([HISPANIC], [])


def test_missing_turned_into_not_hispanic() -> None:
    assert race_ethnicity(answered(WHITE))[1] is None


def test_not_hispanic_is_inferred_only_where_the_site_switches_it_on() -> None:
    policy = MappingPolicy(infer_not_hispanic=True)
    assert codes(race_ethnicity(answered(WHITE), policy)[1]) == ([NOT_HISPANIC], [])
    assert codes(race_ethnicity(answered(WHITE, HISPANIC), policy)[1]) == ([HISPANIC], [])


def test_mena_is_a_detail_and_never_a_category() -> None:
    race, _ = race_ethnicity(answered(MENA, "2125-3"))
    assert codes(race) == ([], [MENA, "2125-3"])


def test_mena_rolls_up_to_white_only_where_the_site_switches_it_on() -> None:
    race, _ = race_ethnicity(answered(MENA), MappingPolicy(mena_rolls_up_to_white=True))
    assert codes(race) == ([WHITE], [MENA])


def test_a_box_without_a_code_sends_its_group_and_its_text() -> None:
    race, _ = race_ethnicity(answered(BLACK, "somali"))
    assert codes(race) == ([BLACK], [])
    assert race is not None
    assert race.text == "Black or African American, Somali"


def test_a_box_without_a_code_is_not_lost_beside_own_words() -> None:
    race, _ = race_ethnicity(Answer(AnswerState.ANSWERED, (BLACK, "somali"), {BLACK: "Benadiri"}))
    assert race is not None
    assert race.text == "Somali; Benadiri"


@pytest.mark.parametrize(
    ("code", "expected"), [("2184-0", (None, [HISPANIC])), ("2069-3", ([BLACK], None))]
)
def test_dominican_goes_where_the_person_put_it(
    code: str, expected: tuple[list[str] | None, list[str] | None]
) -> None:
    race, ethnicity = race_ethnicity(answered(code))
    assert (
        codes(race)[0] if race else None,
        codes(ethnicity)[0] if ethnicity else None,
    ) == expected


def test_a_code_from_the_search_implies_its_group() -> None:
    race, _ = race_ethnicity(answered("1010-8"))
    assert codes(race) == (["1002-5"], ["1010-8"])


def test_own_words_alone_are_a_valid_answer() -> None:
    race, ethnicity = race_ethnicity(answered(own_words="Black Irish"))
    assert race == CategoryAnswer(text="Black Irish")
    assert ethnicity is None


def test_own_words_beside_hispanic_alone_belong_to_ethnicity() -> None:
    race, ethnicity = race_ethnicity(answered(HISPANIC, own_words="Chicana"))
    assert race is None
    assert ethnicity is not None
    assert ethnicity.text == "Chicana"


def test_a_groups_write_in_goes_to_the_text_of_its_own_extension() -> None:
    race, ethnicity = race_ethnicity(
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
def test_declined_and_unknown_stay_apart(state: AnswerState, reason: AbsentReason) -> None:
    found = said(
        {
            name: Answer(state)
            for name in ("race-ethnicity", "spoken-language", "written-language", "interpreter")
        }
    )
    assert {
        found.values.get(Element.RACE),
        found.values.get(Element.ETHNICITY),
        found.values.get(Element.SPOKEN_LANGUAGE),
        found.values.get(Element.WRITTEN_LANGUAGE),
        found.values.get(Element.INTERPRETER),
    } == {reason}
    assert [item.absent_reason for item in found.items] == [reason] * 4


def test_what_was_not_asked_is_not_said() -> None:
    found = said({})
    assert (
        found.values.get(Element.RACE),
        found.values.get(Element.ETHNICITY),
        found.values.get(Element.SPOKEN_LANGUAGE),
        found.values.get(Element.WRITTEN_LANGUAGE),
        found.values.get(Element.INTERPRETER),
    ) == (None,) * 5


def test_the_language_of_the_pages_is_never_the_preferred_language() -> None:
    assert said({"interpreter": answered("yes")}).values.get(Element.SPOKEN_LANGUAGE) is None


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
def test_languages_from_the_shortest_code_to_the_most_specific(
    choice: str, expected: list[str]
) -> None:
    spoken = said({"spoken-language": answered(choice)}).values.get(Element.SPOKEN_LANGUAGE)
    assert isinstance(spoken, Language)
    assert [each.code for each in spoken.codings] == expected
    assert spoken.signed == (choice == "ase")
    assert spoken.text


def test_a_language_in_own_words_has_no_code() -> None:
    assert said({"written-language": answered(own_words="Mixteco bajo")}).values.get(
        Element.WRITTEN_LANGUAGE
    ) == Language(text="Mixteco bajo")


@pytest.mark.parametrize(("choice", "wanted"), [("yes", True), ("no", False)])
def test_interpreter(choice: str, wanted: bool) -> None:
    assert said({"interpreter": answered(choice)}).values.get(Element.INTERPRETER) == Interpreter(
        wanted
    )


def test_a_tribe_that_comes_from_paper_without_its_group_counts() -> None:
    found = said({"tribal-affiliation": answered("170")}, questions="spd15-2024-tribal")
    assert isinstance(found.values.get(Element.TRIBAL_AFFILIATION), TribalAffiliation)
    assert found.values.get(Element.RACE) is None


def test_tribes_are_each_of_their_own_and_own_words_name_another() -> None:
    answers = {"tribal-affiliation": answered("170", "549", own_words="Schaghticoke")}
    found = said(answers, questions="spd15-2024-tribal").values.get(Element.TRIBAL_AFFILIATION)
    assert isinstance(found, TribalAffiliation)
    assert [each.coding and each.coding.code for each in found.tribes] == ["170", "549", None]
    assert [each.text for each in found.tribes][2] == "Schaghticoke"


@pytest.mark.parametrize(
    ("informant", "source", "display"),
    [
        (Informant.SELF, Source.PATIENT, None),
        (Informant.SELF_WITH_HELP, Source.PATIENT, None),
        (Informant.GUARDIAN, Source.RELATED_PERSON, "Parent or guardian"),
        (Informant.CAREGIVER, Source.RELATED_PERSON, "Caregiver"),
    ],
)
def test_who_answered(informant: Informant, source: Source, display: str | None) -> None:
    found = said({"interpreter": answered("no")}, informant=informant)
    assert (found.source, found.source_display) == (source, display)


def test_the_set_of_1997_asks_ethnicity_and_race_apart() -> None:
    found = said(
        {"ethnicity": answered(NOT_HISPANIC), "race": answered(PACIFIC, "2080-0")},
        questions="omb-1997",
    )
    race, ethnicity = found.values[Element.RACE], found.values[Element.ETHNICITY]
    assert isinstance(ethnicity, CategoryAnswer)
    assert isinstance(race, CategoryAnswer)
    assert codes(ethnicity) == ([NOT_HISPANIC], [])
    assert codes(race) == ([PACIFIC], ["2080-0"])


@pytest.mark.parametrize(
    "answers",
    [
        {"shoe-size": answered("9")},
        {"race-ethnicity": answered("no-such-code")},
        {"race-ethnicity": answered("2131-1-")},
        {"spoken-language": answered("klingon")},
        {"spoken-language": answered("es", "en")},
        {"interpreter": answered("perhaps")},
        {"interpreter": answered(own_words="perhaps")},
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
def test_what_the_question_set_does_not_have_is_named_and_not_quoted(
    answers: dict[str, Answer],
) -> None:
    name, answer = next(iter(answers.items()))
    with pytest.raises(UnknownAnswerError, match=name) as caught:
        said(answers)
    said_by_them = (*answer.choices, *answer.write_ins, *answer.write_ins.values())
    assert not any(re.search(rf"\b{each}\b", str(caught.value)) for each in said_by_them)


def test_a_tribe_that_is_in_no_table_is_named_by_its_place() -> None:
    with pytest.raises(
        UnknownAnswerError, match=r"answers.tribal-affiliation.choices\[1\]: is no tribe"
    ):
        said({"tribal-affiliation": answered("170", "2028-9")}, questions="spd15-2024-tribal")


@pytest.mark.parametrize("hispanic", [HISPANIC, "2148-5"])
def test_two_choices_that_contradict_each_other_are_refused(hispanic: str) -> None:
    with pytest.raises(UnknownAnswerError, match="contradict"):
        said({"ethnicity": answered(NOT_HISPANIC, hispanic)}, questions="omb-1997")


def test_own_words_alone_are_never_turned_into_not_hispanic() -> None:
    assert (
        race_ethnicity(answered(own_words="Latina"), MappingPolicy(infer_not_hispanic=True))[1]
        is None
    )


def test_the_version_of_the_questions_is_the_one_that_was_answered() -> None:
    assert said({}).questionnaire.endswith("spd15-2024|1.0.0")
    questions = replace(load_settings().question_sets["spd15-2024"], version="2.0.0")
    assert said({}, changed=questions).questionnaire.endswith("spd15-2024|1.0.0")


def test_the_own_words_key_is_no_option() -> None:
    assert all(
        option.id != OWN_WORDS
        for question in load_settings().question_set.questions
        for option in question.options
    )
