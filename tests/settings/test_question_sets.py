"""A site's own question sets: one that extends another, and every fault in such a file."""

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


def write_question_set(folder: Path, **changes: str) -> Path:
    (folder / "questions").mkdir()
    (folder / "questions" / "ours.toml").write_text(OWN.format(**{**RIGHT, **changes}), "utf-8")
    return folder


def question_ids(folder: Path) -> list[str]:
    return [question.id for question in load_settings(folder).question_sets["ours"].questions]


def test_asks_its_own_questions_after_the_named_question(tmp_path: Path) -> None:
    assert question_ids(write_question_set(tmp_path))[:6] == [
        "ethnicity",
        "race",
        "tribe",
        "spoken-language",
        "written-language",
        "interpreter",
    ]
    [tribe] = [
        question
        for question in load_settings(tmp_path).question_sets["ours"].questions
        if question.id == "tribe"
    ]
    assert tribe.asked_with == Condition("race", "1002-5")


def test_asks_its_own_questions_last_without_after(tmp_path: Path) -> None:
    assert question_ids(write_question_set(tmp_path, after=""))[-1] == "tribe"


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
            "about of 'tribe': a question about the informant asks for spoken-language or",
        ),
        ({"proxy": ""}, "proxy_title of 'tribe': needed, because a guardian or caregiver"),
        ({"choice": "9"}, "asked_with of 'tribe': no earlier question 'race' has a choice '9'"),
        (
            {"question": "interpreter", "choice": "yes"},
            "no earlier question 'interpreter' has a choice 'yes'",
        ),
    ],
)
def test_names_each_missing_set_question_or_choice(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write_question_set(tmp_path, **changes))
    assert any(
        fault.startswith("questions/ours.toml: ") and words in fault
        for fault in caught.value.faults
    )


@pytest.mark.parametrize(
    ("base", "words"),
    [("none", "is not among"), ("spd15-2024-tribal", "extends another set itself")],
)
def test_rejects_a_set_that_extends_a_missing_or_extended_set(
    tmp_path: Path, base: str, words: str
) -> None:
    file = write_question_set(tmp_path, after="") / "questions" / "ours.toml"
    file.write_text(
        file.read_text("utf-8").replace('extends = "omb-1997"', f'extends = "{base}"'), "utf-8"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert any(
        fault.startswith(f"questions/ours.toml: extends: '{base}' {words}")
        for fault in caught.value.faults
    )
