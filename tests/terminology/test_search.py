"""The search finds the right code by the names that people use, and no code beside the table."""

import pytest

from fhir_client.model import Element
from intake.patient import searches
from intake.settings import load_settings
from intake.terminology import (
    Hit,
    LanguageSearch,
    Reason,
    find_group_option,
    load_concepts,
    load_languages,
    load_tribes,
)
from intake.terminology.search_names import (
    load_language_names,
    load_places,
    load_race_names,
    load_tribe_names,
)
from tests.support.searches import find_hits, race_question

NATIVE, ASIAN, WHITE, BLACK, HISPANIC = "1002-5", "2028-9", "2106-3", "2054-5", "2135-2"


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.id for hit in hits]


def test_every_search_name_belongs_to_an_entry() -> None:
    question, concepts = race_question(), load_concepts()
    boxes = {detail.id for option in question.options for detail in option.details}
    names = load_race_names()
    entries = {entry for _, entry, _ in names.place_targets()} | {*names.languages.values()} - {""}
    assert {*names.search.names} | entries <= {*concepts} | boxes
    assert {place for place, _, _ in names.place_targets()} <= {*load_places(), "IC"}
    assert {*names.languages} | {*load_language_names().names} <= {*load_languages()}
    titles = " ".join(
        [*(tribe.name for tribe in load_tribes().values()), *(c.display for c in concepts.values())]
    )
    assert [word for word in load_tribe_names().names if word not in titles] == []


def test_a_name_of_the_tables_finds_its_entry() -> None:
    # Every fortieth row, because a name of many words takes long.
    for language in [*load_languages().values()][::40]:
        assert language.id in ids(find_hits("language", language.endonym))[:5]
    for tribe in [*load_tribes().values()][::40]:
        assert tribe.code in ids(find_hits("tribe", tribe.name))[:3]
    for code, concept in [*load_concepts().items()][::40]:
        if find_group_option(race_question(), code):
            assert code in ids(find_hits("race", concept.display, (NATIVE,)))


def test_offers_asian_indian_before_american_indian() -> None:
    hits = ids(find_hits("race", "indian"))
    assert hits[:2] == ["2029-7", "1004-1"]
    assert "1920-8" not in hits


@pytest.mark.parametrize("chosen", [(), (WHITE,), (ASIAN,), (NATIVE,)])
def test_offers_no_village_for_a_nationality(chosen: tuple[str, ...]) -> None:
    assert {hit.group for hit in find_hits("race", "russian", chosen)} == {WHITE}
    assert ids(find_hits("race", "russian mission", (NATIVE,)))[0] == "1920-8"


@pytest.mark.parametrize("term", ["mulatto", "mestizo", "american", "jewish"])
def test_offers_no_village_for_a_word_without_a_group(term: str) -> None:
    assert find_hits("race", term) == ()


def test_tells_a_group_from_tribes_with_its_name() -> None:
    hits = find_hits("race", "white")
    assert hits[0] == Hit(WHITE, Reason.NAME, "White", WHITE)
    assert NATIVE not in {hit.group for hit in hits}


def test_tells_two_entries_of_one_name_apart_by_their_groups() -> None:
    hits = find_hits("race", "dominican")
    assert [(hit.id, hit.group) for hit in hits[:2]] == [("2184-0", HISPANIC), ("2069-3", BLACK)]
    assert ids(find_hits("race", "dominican", (BLACK,)))[0] == "2069-3"


def test_names_the_place_for_which_a_broader_group_stands() -> None:
    [hit, *_] = find_hits("race", "ghanaian")
    assert (hit.id, hit.reason, hit.matched) == ("2060-2", Reason.BROADER, "Ghana")


@pytest.mark.parametrize("term", ["", "  ", "’", "\u200b", "?!", "zzzzzz", "q" * 300, "🙂"])
def test_finds_nothing_for_a_term_that_names_nothing(term: str) -> None:
    for kind in ("race", "language", "tribe"):
        assert find_hits(kind, term) == ()


def test_sign_languages_are_not_written_and_scripts_not_spoken() -> None:
    search = searches.language_search()
    written = set(ids(search.find_hits("chinese", Element.WRITTEN_LANGUAGE)))
    spoken = set(ids(search.find_hits("chinese")))
    assert {"zh-Hans", "zh-Hant"} <= written
    assert {"cmn", "yue"} <= spoken
    assert not written & {"cmn", "yue"}
    assert not spoken & {"zh-Hans", "zh-Hant"}
    assert "ase" not in ids(search.find_hits("sign language", Element.WRITTEN_LANGUAGE))


def test_finds_a_language_by_its_name_in_any_language_of_the_pages() -> None:
    search = LanguageSearch({"es": {"de": "alemán"}, "vi": {"de": "Tiếng Đức"}}, {})
    assert ids(search.find_hits("aleman")) == ["de"]
    assert ids(search.find_hits("tieng duc"))[0] == "de"


def test_shipped_question_sets_use_known_codes_in_their_own_group() -> None:
    settings = load_settings()
    for questions in settings.question_sets.values():
        for question in questions.questions:
            for option in question.options:
                for detail in option.details:
                    assert detail.code is None or detail.code in load_concepts()
                    assert find_group_option(question, detail.id) == option
    for element, common in settings.common_languages.items():
        for identity in common:
            assert load_languages()[identity].can_answer(element)


def test_the_older_question_set_finds_only_groups_that_it_asks_for() -> None:
    race = searches.race_search(race_question("omb-1997", "race"))
    assert ids(race.find_hits("egyptian"))[0] == "2120-4"
    assert race.find_hits("egyptian")[0].group == WHITE
    assert "2148-5" not in ids(race.find_hits("mexican"))
    ethnicity = searches.race_search(race_question("omb-1997", "ethnicity"))
    assert {hit.group for hit in ethnicity.find_hits("mexican")} == {HISPANIC}
