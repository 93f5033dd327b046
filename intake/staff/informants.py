"""How to speak with whoever answered for a patient, in the desk's words; of the patient's own answers it tells nothing."""

from collections.abc import Iterator

from fhir_client.model import Element
from intake import terminology
from intake.answers import INFORMANT_RELATIONSHIPS, OWN_WORDS, Answer, Submission
from intake.pages.site import current_site
from intake.questions import Subject

INTERPRETER = {"yes": "wants an interpreter", "no": "needs no interpreter"}


def describe_needs(said: Submission) -> str:
    """Return what they said of themselves, such as `Parent or guardian: Spanish, wants an interpreter`; "" for nothing."""
    found = ", ".join(_said(said))
    return f"{INFORMANT_RELATIONSHIPS[said.informant]}: {found}" if found else ""


def _said(said: Submission) -> Iterator[str]:
    questions = current_site().settings.question_sets.get(said.question_set)
    for question in questions.questions if questions else ():
        answer = said.answers.get(question.id)
        if question.about is Subject.INFORMANT and answer is not None:
            yield from _words(question.elements[0], answer)


def _words(element: Element, answer: Answer) -> Iterator[str]:
    for choice in answer.choices:
        if element is Element.INTERPRETER and choice in INTERPRETER:
            yield INTERPRETER[choice]
        elif choice in terminology.load_languages():
            yield terminology.load_languages()[choice].name
    if OWN_WORDS in answer.write_ins:
        yield f"“{answer.write_ins[OWN_WORDS]}”"
