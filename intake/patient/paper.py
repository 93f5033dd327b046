"""Renders a question set as a paper sheet, for clinics without a tablet at hand."""

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from intake import i18n
from intake.answers import OWN_WORDS, WRITE_IN
from intake.pages.listed_languages import listed_languages
from intake.patient.searches import names_beside_endonyms
from intake.questions import QuestionKind, QuestionSet
from intake.settings import Settings
from intake.sheet import box_codes, sheet_name

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
        codes=box_codes(questions, listed),
        languages={
            question_id: names_beside_endonyms(tuple(languages.values()), tag)
            for question_id, languages in listed.items()
        },
        own_words_key=OWN_WORDS,
        write_in=WRITE_IN,
        staff=STAFF_WORDS,
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
