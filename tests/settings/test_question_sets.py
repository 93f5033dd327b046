"""A site's own question sets: one that extends another, and every fault in such a file."""

from pathlib import Path

import pytest

from intake.questions import Condition
from intake.settings import SettingsError, load_settings
from tests.support.command_site import write_site

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
    write_site(folder, "https://ehr.example/fhir")
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
            'after: found "shoe-size"; allowed: ethnicity, race, ',
        ),
        ({"id": "race"}, 'questions: race: id: found "race"; allowed: each id once'),
        (
            {"more": 'about = "informant"'},
            'questions: tribe: about: found "informant"; allowed: patient; a question about',
        ),
        (
            {"proxy": ""},
            "questions: tribe: proxy_title: found nothing; allowed: a text, because a guardian",
        ),
        ({"choice": "9"}, 'tribe: asked_with: choice: found "9"; allowed: 1002-5, '),
        (
            {"question": "interpreter", "choice": "yes"},
            'tribe: asked_with: question: found "interpreter"; allowed: ethnicity, race',
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


@pytest.mark.parametrize("base", ["none", "spd15-2024-tribal"])
def test_rejects_a_set_that_extends_a_missing_or_extended_set(tmp_path: Path, base: str) -> None:
    file = write_question_set(tmp_path, after="") / "questions" / "ours.toml"
    file.write_text(
        file.read_text("utf-8").replace('extends = "omb-1997"', f'extends = "{base}"'), "utf-8"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert any(
        fault.startswith(
            f'questions/ours.toml: extends: found "{base}"; allowed: omb-1997, spd15-2024'
        )
        for fault in caught.value.faults
    )
