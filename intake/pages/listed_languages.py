"""The languages that the questions list: on a paper sheet, and on the desk's form of it."""

from collections.abc import Mapping

from intake import terminology
from intake.questions import QuestionKind, QuestionSet
from intake.settings import Settings
from intake.terminology import Language


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
