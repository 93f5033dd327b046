"""Question sets of a site's own: one that extends another, and every fault of one that names what is not there."""

from pathlib import Path

import pytest

from intake.questions import Condition
from intake.settings import SettingsError, load_settings

OWN = """
id = "ours"
version = "1.0.0"
url = "https://clinic.example/fhir/Questionnaire/ours"
extends = "omb-1997"
{after}

[[questions]]
id = "{id}"
label = "Tribal affiliation"
kind = "tribes"
elements = ["tribal-affiliation"]
asked_with = {{ question = "{question}", choice = "{choice}" }}
title = "Which tribe, nation or village are you part of?"
proxy_title = "{proxy}"
own_words = "In your own words, if you like"
{more}
"""
RIGHT = {
    "more": "",
    "proxy": "Which tribe is the patient part of?",
    "after": 'after = "race"',
    "id": "tribe",
    "question": "race",
    "choice": "1002-5",
}


def lay(folder: Path, **changes: str) -> Path:
    (folder / "questions").mkdir()
    (folder / "questions" / "ours.toml").write_text(OWN.format(**{**RIGHT, **changes}), "utf-8")
    return folder


def order(folder: Path) -> list[str]:
    return [each.id for each in load_settings(folder).question_sets["ours"].questions]


def test_a_set_asks_its_own_questions_among_those_of_the_other(tmp_path: Path) -> None:
    assert order(lay(tmp_path))[:6] == [
        "ethnicity",
        "race",
        "tribe",
        "spoken-language",
        "written-language",
        "interpreter",
    ]
    [tribe] = [
        each
        for each in load_settings(tmp_path).question_sets["ours"].questions
        if each.id == "tribe"
    ]
    assert tribe.asked_with == Condition("race", "1002-5")


def test_without_a_place_they_come_last(tmp_path: Path) -> None:
    assert order(lay(tmp_path, after=""))[-1] == "tribe"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"after": 'after = "shoe-size"'},
            "after: 'shoe-size' is no question of the set that this one extends",
        ),
        ({"id": "race"}, "questions: 'race' is there twice"),
        (
            {"more": 'about = "informant"'},
            "about of 'tribe': who answers is asked for spoken-language or interpreter alone",
        ),
        ({"proxy": ""}, "proxy_title of 'tribe': needed, for somebody may answer for the patient"),
        ({"choice": "9"}, "asked_with of 'tribe': no earlier question 'race' has a choice '9'"),
        (
            {"question": "interpreter", "choice": "yes"},
            "no earlier question 'interpreter' has a choice 'yes'",
        ),
    ],
)
def test_what_it_names_has_to_be_there(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(lay(tmp_path, **changes))
    assert any(
        each.startswith("questions/ours.toml: ") and words in each for each in caught.value.faults
    )


@pytest.mark.parametrize(
    ("other", "words"),
    [("none", "is not among"), ("spd15-2024-tribal", "extends another set itself")],
)
def test_a_set_extends_one_that_stands_alone(tmp_path: Path, other: str, words: str) -> None:
    file = lay(tmp_path, after="") / "questions" / "ours.toml"
    file.write_text(
        file.read_text("utf-8").replace('extends = "omb-1997"', f'extends = "{other}"'), "utf-8"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert any(
        each.startswith(f"questions/ours.toml: extends: '{other}' {words}")
        for each in caught.value.faults
    )
