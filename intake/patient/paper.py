"""Renders a question set as a paper sheet, for clinics without a tablet at hand."""

from collections.abc import Mapping
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from intake import i18n, terminology
from intake.answers import OWN_WORDS
from intake.questions import QuestionKind, QuestionSet
from intake.settings import Settings
from intake.sheet import WRITE_IN, box_codes, sheet_name
from intake.terminology import Language

# The parts for staff are in English, as the staff pages are.
STAFF_WORDS = {
    "label": "Staff: patient label, or record number and date of birth",
    "note": "Staff: enter this sheet on the page “Today”, under “Enter answers”. Sheet:",
    "blanks": ("Date answered: ____ / ____ / ________", "Entered by: ________________"),
}


def render_sheet(questions: QuestionSet, tag: str, settings: Settings, clinic: str = "") -> str:
    """Return the sheet as one HTML page that needs no other file.

    `tag` is a language of the pages, such as `es`. `clinic` is the name in the head of the sheet.
    """
    listed = listed_languages(questions, settings)
    environment = _load_environment(tag)
    return environment.get_template("patient/paper.html").render(
        locale=i18n.find_locale(tag),
        clinic=clinic,
        questions=questions.questions,
        asks_tribes=any(question.kind is QuestionKind.TRIBES for question in questions.questions),
        name=sheet_name(questions, tag),
        codes=box_codes(questions, {key: tuple(rows) for key, rows in listed.items()}),
        languages={key: _with_names(rows, tag) for key, rows in listed.items()},
        own_words_key=OWN_WORDS,
        write_in=WRITE_IN,
        staff=STAFF_WORDS,
    )


def listed_languages(
    questions: QuestionSet, settings: Settings
) -> Mapping[str, Mapping[str, Language]]:
    """Return the languages that each language question lists, by question id and language id."""
    known = terminology.load_languages()
    return {
        question.id: {
            language_id: known[language_id]
            for language_id in settings.common_languages[question.elements[0]]
            if language_id in known
        }
        for question in questions.questions
        if question.kind is QuestionKind.LANGUAGE
    }


def _with_names(rows: Mapping[str, Language], tag: str) -> tuple[tuple[Language, str], ...]:
    """Return each language with its name in the sheet's language, "" if that is its endonym."""
    names, translator = i18n.language_names(tag), i18n.load_translator(tag)
    named = [
        (language, names.get(language.id) or translator.plain(language.name))
        for language in rows.values()
    ]
    return tuple(
        (language, "" if name.casefold() == language.endonym.casefold() else name)
        for language, name in named
    )


@cache
def _load_environment(tag: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("intake", "patient/templates"), PackageLoader("intake", "patient")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translator = i18n.load_translator(tag)
    environment.globals["_"] = translator.gettext
    environment.filters["translate"] = translator.gettext
    return environment
