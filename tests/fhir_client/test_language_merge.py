"""The merge of languages: one is preferred, and no entry of others is lost."""

import pytest

from fhir_client.model import Element
from fhir_client.uscore.communication import PROFICIENCY, language_modes
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.statement import BCP47, Coding, Language
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
    assert len(merged) == 2
    by_code = dict(zip(codes, merged, strict=True))
    assert by_code["zh-CN"] == entries[codes.index("zh-CN")]
    assert by_code["zh"]["language"]["text"] == "繁體中文"


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
