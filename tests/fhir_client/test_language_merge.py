"""The merge of languages: one is preferred, and no entry of others is lost."""

from copy import deepcopy
from dataclasses import replace

import pytest

from fhir_client.model import Element
from fhir_client.uscore.communication import PROFICIENCY, language_modes
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.statement import BCP47, Coding, ElementValue, Language
from tests.support.merge_examples import (
    CANTONESE,
    CHART,
    CHINESE,
    ENGLISH,
    MANDARIN,
    SIGN,
    SPANISH,
    merge_values,
)

Words = tuple[str | None, str | None]
"""The own words beside the spoken and the written language; None where it was not asked."""


def test_an_explicit_not_preferred_of_others_stays() -> None:
    other = {"language": {"text": "Welsh"}, "preferred": False}
    entries = merge_values(
        {Element.SPOKEN_LANGUAGE: SPANISH}, {**CHART, "communication": [other, ENGLISH]}
    )["communication"]
    assert entries[0] == other
    assert [entry.get("preferred") for entry in entries] == [False, None, True]


def test_two_preferred_true_languages() -> None:
    entries = merge_values({Element.SPOKEN_LANGUAGE: SPANISH})["communication"]
    assert [entry.get("preferred", False) for entry in entries] == [False, True]
    assert entries[0]["language"] == ENGLISH["language"]


def test_a_language_that_the_chart_has_gets_no_second_entry() -> None:
    english = Language("English", (Coding(BCP47, "en", "English"),))
    coding = {"system": BCP47, "code": "EN"}
    chart = {**CHART, "communication": [{"language": {"coding": [coding]}}]}
    [entry] = merge_values({Element.SPOKEN_LANGUAGE: english}, chart)["communication"]
    assert entry["preferred"] is True
    assert entry["language"]["text"] == "English"


def test_spoken_and_written_share_an_entry_or_have_two() -> None:
    [_, shared] = merge_values(
        {Element.SPOKEN_LANGUAGE: SPANISH, Element.WRITTEN_LANGUAGE: SPANISH}
    )["communication"]
    assert language_modes(shared) == {"ESP", "RWR"}
    [_, spoken, written] = merge_values(
        {Element.SPOKEN_LANGUAGE: CANTONESE, Element.WRITTEN_LANGUAGE: SPANISH}
    )["communication"]
    assert (language_modes(spoken), language_modes(written)) == ({"ESP"}, {"RWR"})
    assert [coding["code"] for coding in spoken["language"]["coding"]] == ["zh", "yue"]


def test_a_new_written_language_takes_the_mark_from_the_old_one() -> None:
    first = merge_values({Element.SPOKEN_LANGUAGE: SPANISH, Element.WRITTEN_LANGUAGE: SPANISH})
    second = merge_values({Element.WRITTEN_LANGUAGE: CANTONESE}, first)
    assert [language_modes(entry) for entry in second["communication"]] == [set(), {"ESP"}, {"RWR"}]


def test_spoken_cantonese_and_written_chinese_are_two_entries() -> None:
    [_, spoken, written] = merge_values(
        {Element.SPOKEN_LANGUAGE: CANTONESE, Element.WRITTEN_LANGUAGE: CHINESE}
    )["communication"]
    assert (spoken["language"]["text"], spoken["preferred"], language_modes(spoken)) == (
        "廣東話",
        True,
        {"ESP"},
    )
    assert (written["language"]["text"], written.get("preferred"), language_modes(written)) == (
        "繁體中文",
        None,
        {"RWR"},
    )


def test_a_language_that_shares_only_its_shortest_code_stays_in_the_chart() -> None:
    mandarin = merge_values({Element.SPOKEN_LANGUAGE: MANDARIN})
    entries = merge_values({Element.SPOKEN_LANGUAGE: CANTONESE}, mandarin)["communication"]
    assert [entry["language"].get("text") for entry in entries] == [None, "普通话", "廣東話"]


def test_a_vendors_own_code_for_the_language_stays_beside_ours() -> None:
    local = {"system": "http://vendor.example/languages", "code": "132"}
    spanish = {"coding": [local, {"system": BCP47, "code": "es"}], "text": "Spanish"}
    [entry] = merge_values(
        {Element.SPOKEN_LANGUAGE: SPANISH}, {**CHART, "communication": [{"language": spanish}]}
    )["communication"]
    assert [coding["code"] for coding in entry["language"]["coding"]] == ["es", "132"]
    assert entry["language"]["text"] == "Español"


def test_a_proficiency_level_of_others_stays() -> None:
    level = {"url": "level", "valueCoding": {"code": "G"}}
    fluent = {
        "url": PROFICIENCY,
        "extension": [{"url": "type", "valueCoding": {"code": "ESP"}}, level],
    }
    chart = {**CHART, "communication": [{**ENGLISH, "extension": [fluent]}]}
    entries = merge_values({Element.SPOKEN_LANGUAGE: SPANISH}, chart)["communication"]
    assert entries[0]["extension"] == [fluent]


def test_a_sign_language_is_marked_as_signed() -> None:
    entries = merge_values({Element.SPOKEN_LANGUAGE: SIGN})["communication"]
    assert language_modes(entries[1]) == {"ESGN"}


@pytest.mark.parametrize("codes", [("zh-CN", "zh"), ("zh", "zh-CN")])
@pytest.mark.parametrize("element", [Element.SPOKEN_LANGUAGE, Element.WRITTEN_LANGUAGE])
def test_an_entry_of_another_region_is_never_relabelled(
    codes: tuple[str, str], element: Element
) -> None:
    entries = [{"language": {"coding": [{"system": BCP47, "code": code}]}} for code in codes]
    merged = merge_values({element: CHINESE}, {**CHART, "communication": entries})["communication"]
    assert merged[:2] == entries
    assert merged[2]["language"]["text"] == "繁體中文"
    assert [coding["code"] for coding in merged[2]["language"]["coding"]] == ["zh", "zh-Hant"]


def test_an_entry_with_the_same_text_gets_the_codes_that_it_lacks() -> None:
    entry = {"language": {"coding": [{"system": BCP47, "code": "zh"}], "text": "繁體中文"}}
    chart = {**CHART, "communication": [entry]}
    [merged] = merge_values({Element.WRITTEN_LANGUAGE: CHINESE}, chart)["communication"]
    assert [coding["code"] for coding in merged["language"]["coding"]] == ["zh", "zh-Hant"]


@pytest.mark.parametrize(
    ("first", "then", "texts"),
    [
        # The own words of one language never become those of the other.
        ((None, "Braille"), ("", None), {"ESP": "Español", "RWR": "Español; Braille"}),
        (("", ""), ("de Oaxaca", None), {"ESP": "Español; de Oaxaca", "RWR": "Español"}),
        (("", ""), (None, "Braille"), {"ESP": "Español", "RWR": "Español; Braille"}),
        (
            ("de Oaxaca", ""),
            (None, "Braille"),
            {"ESP": "Español; de Oaxaca", "RWR": "Español; Braille"},
        ),
        (("de Oaxaca", "Braille"), ("", ""), {"ESP": "Español", "RWR": "Español"}),
        (
            ("", "Braille"),
            ("de Oaxaca", None),
            {"ESP": "Español; de Oaxaca", "RWR": "Español; Braille"},
        ),
    ],
)
def test_own_words_stay_with_the_language_that_they_were_said_of(
    first: Words, then: Words, texts: dict[str, str]
) -> None:
    chart = merge_values(spanish_values(*first), {**CHART, "communication": []})
    merged = merge_values(spanish_values(*then), chart)
    assert merge_values(spanish_values(*then), merged) == merged
    assert {
        mode: entry["language"]["text"]
        for entry in merged["communication"]
        for mode in language_modes(entry)
    } == texts


def spanish_values(spoken: str | None, written: str | None) -> dict[Element, ElementValue]:
    """Return Spanish with own words, spoken and written; None where it was not asked."""
    pairs = ((Element.SPOKEN_LANGUAGE, spoken), (Element.WRITTEN_LANGUAGE, written))
    return {
        element: replace(SPANISH, own_words=own_words)
        for element, own_words in pairs
        if own_words is not None
    }


def test_a_name_of_two_parts_is_no_own_word() -> None:
    name = "Spanish; Castilian"
    entry = {"language": {"coding": [{"code": "es", "display": name}], "text": name}}
    spec = SPECS[Element.SPOKEN_LANGUAGE]
    [merged] = merge_values(
        {Element.SPOKEN_LANGUAGE: SPANISH}, {**CHART, "communication": [entry]}
    )["communication"]
    assert spec.meaning([merged]) == spec.meaning([{**entry, "preferred": True}])


def test_lost_own_words_do_not_read_back() -> None:
    sudanese = Language("العربية", (Coding(BCP47, "ar"),), own_words="Sudanese Arabic")
    merged = merge_values({Element.SPOKEN_LANGUAGE: sudanese})
    spec = SPECS[Element.SPOKEN_LANGUAGE]
    kept, lost = merged["communication"][1:], deepcopy(merged["communication"][1:])
    lost[0]["language"]["text"] = "العربية"
    assert kept[0]["language"]["text"] == "العربية; Sudanese Arabic"
    assert spec.meaning(kept) != spec.meaning(lost)
    # A person types the language into an EHR's list, which takes no own words.
    assert spec.is_entered(lost, kept)


@pytest.mark.parametrize("code", ["zh-CN", "zh-TW", "zh-Hans", "zh_hant_tw"])
def test_a_language_beside_an_entry_of_a_region_gets_its_own_entry(code: str) -> None:
    entry = {"language": {"coding": [{"system": BCP47, "code": code}], "text": "Chinese"}}
    chart = {**CHART, "communication": [entry]}
    merged = merge_values({Element.WRITTEN_LANGUAGE: CHINESE}, chart)
    assert merged["communication"][0] == entry
    assert len(merged["communication"]) == 2
    assert merge_values({Element.WRITTEN_LANGUAGE: CHINESE}, merged) == merged


def test_a_tag_with_a_region_is_the_same_in_any_spelling() -> None:
    mexican = Language("Español", (Coding(BCP47, "es"), Coding(BCP47, "es-MX")))
    entry = {"language": {"coding": [{"system": BCP47, "code": "spa_mx"}]}}
    chart = {**CHART, "communication": [entry]}
    [merged] = merge_values({Element.SPOKEN_LANGUAGE: mexican}, chart)["communication"]
    assert [coding["code"] for coding in merged["language"]["coding"]] == ["es", "es-MX", "spa_mx"]


def test_a_person_may_enter_english_as_that_of_a_region() -> None:
    english = Language("English", (Coding(BCP47, "en", "English"),))
    merged = merge_values({Element.SPOKEN_LANGUAGE: english})["communication"]
    spec = SPECS[Element.SPOKEN_LANGUAGE]
    assert spec.is_entered([{**ENGLISH, "preferred": True}], merged)
