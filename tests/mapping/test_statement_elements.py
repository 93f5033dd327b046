"""Languages, interpreters, tribes and sources as coded statements."""

import pytest

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    Interpreter,
    Language,
    Source,
    TribalAffiliation,
)
from intake.answers import Channel, Informant
from intake.mapping.choices import UnknownAnswerError
from tests.support.mapped_answers import (
    choose,
    map_answers,
)


def test_never_takes_the_language_of_the_pages_for_the_preferred_one() -> None:
    assert map_answers({"interpreter": choose("yes")}).values.get(Element.SPOKEN_LANGUAGE) is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("es", ["es"]),
        ("yue", ["zh", "yue"]),
        ("prs", ["fa", "prs"]),
        ("zh-Hans", ["zh", "zh-Hans"]),
        ("zh-Hant", ["zh", "zh-Hant"]),
        ("ase", ["sgn", "ase"]),
        ("mfs", ["sgn", "mfs"]),
        ("mam", ["myn", "mam"]),
        ("quc", ["myn", "quc"]),
        ("kek", ["myn", "kek"]),
        ("rhg", ["inc", "rhg"]),
        ("ksw", ["kar", "ksw"]),
        ("kri", ["cpe", "kri"]),
        ("pcm", ["cpe", "pcm"]),
        # No tag names the one language, and the tag of a family never stands alone.
        ("mixteco", []),
        ("sign-other", []),
    ],
)
def test_codes_languages_from_the_shortest_to_the_most_specific(
    choice: str, expected: list[str]
) -> None:
    spoken = map_answers({"spoken-language": choose(choice)}).values.get(Element.SPOKEN_LANGUAGE)
    assert isinstance(spoken, Language)
    assert [coding.code for coding in spoken.codings] == expected
    assert spoken.signed == (choice in {"ase", "mfs", "sign-other"})
    assert spoken.text


@pytest.mark.parametrize("element", ["spoken-language", "written-language"])
@pytest.mark.parametrize(
    ("choice", "own_words", "text"),
    [
        ("ar", "Sudanese Arabic", "العربية; Sudanese Arabic"),
        ("en", "Braille", "English; Braille"),
        ("mixteco", "bajo; de Oaxaca", "Tu’un savi; bajo; de Oaxaca"),
    ],
)
def test_keeps_own_words_beside_a_listed_language(
    element: str, choice: str, own_words: str, text: str
) -> None:
    answer = choose(choice, own_words=own_words)
    language = map_answers({element: answer}).values.get(Element(element))
    assert isinstance(language, Language)
    assert language.wording == text
    assert list_codes_of(language) == ([choice] if choice != "mixteco" else [])


def list_codes_of(language: Language) -> list[str]:
    return [coding.code for coding in language.codings]


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


@pytest.mark.parametrize(
    ("channel", "mode", "by_staff"),
    [
        (Channel.KIOSK, "ELECTRONIC", False),
        (Channel.LINK, "ELECTRONIC", False),
        (Channel.STAFF, "VERBAL", True),
        (Channel.PAPER, "WRITTEN", True),
    ],
)
def test_tells_how_the_answers_were_entered(channel: Channel, mode: str, by_staff: bool) -> None:
    entry = map_answers({}, channel=channel).entry
    assert entry is not None
    assert (entry.channel, entry.mode.code, entry.by_staff) == (channel.value, mode, by_staff)


def test_names_an_unknown_tribe_by_its_position() -> None:
    with pytest.raises(
        UnknownAnswerError, match=r"answers.tribal-affiliation.choices\[1\]: is no tribe"
    ):
        map_answers({"tribal-affiliation": choose("170", "2028-9")}, questions="spd15-2024-tribal")
