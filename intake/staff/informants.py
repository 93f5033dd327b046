"""Tells the desk how to speak with an informant."""

from collections.abc import Iterator

from fhir_client.model import Element
from intake import terminology
from intake.answers import INFORMANT_RELATIONSHIPS, OWN_WORDS, Answer, Submission
from intake.pages.site import current_site
from intake.questions import Subject

INTERPRETER_NEEDS = {"yes": "wants an interpreter", "no": "needs no interpreter"}


def describe_needs(submission: Submission) -> str:
    """Return the informant's language and need of an interpreter, "" for neither.

    An example is `Parent or guardian: Spanish, wants an interpreter`.
    """
    needs = ", ".join(_list_needs(submission))
    return f"{INFORMANT_RELATIONSHIPS[submission.informant]}: {needs}" if needs else ""


def _list_needs(submission: Submission) -> Iterator[str]:
    questions = current_site().settings.question_sets.get(submission.question_set)
    for question in questions.questions if questions else ():
        answer = submission.answers.get(question.id)
        # The question set may also ask about the patient: the desk never sees those answers.
        if question.about is Subject.INFORMANT and answer is not None:
            yield from _describe_answer(question.elements[0], answer)


def _describe_answer(element: Element, answer: Answer) -> Iterator[str]:
    for choice in answer.choices:
        if element is Element.INTERPRETER and choice in INTERPRETER_NEEDS:
            yield INTERPRETER_NEEDS[choice]
        elif choice in terminology.load_languages():
            yield terminology.load_languages()[choice].name
    if OWN_WORDS in answer.write_ins:
        yield f"“{answer.write_ins[OWN_WORDS]}”"
