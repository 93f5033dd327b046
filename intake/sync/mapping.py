"""Where answers meet FHIR: a submission and its question set in, a statement for fhir_client out. Nothing is guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from fhir_client.uscore.parts import NO, YES
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    Coded,
    Coding,
    Interpreter,
    ItemAnswer,
    Language,
    Source,
    Statement,
)
from intake import terminology
from intake.answers import OWN_WORDS, Answer, Informant, State, Submission
from intake.questions import Element, Kind, Question, QuestionSet
from intake.settings import MappingPolicy
from intake.terminology import MENA, WHITE

T = TypeVar("T")
Said = dict[Element, Coded | Language | Interpreter | AbsentReason]
NOT_HISPANIC = "2186-5"
ABSENT = {State.DECLINED: AbsentReason.ASKED_DECLINED, State.UNKNOWN: AbsentReason.ASKED_UNKNOWN}
RELATED = {Informant.GUARDIAN: "Parent or guardian", Informant.CAREGIVER: "Caregiver"}


class UnknownAnswer(ValueError):
    """A submission says what its question set does not have, or two things at once; the words quote nothing."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One choice of a question of groups: its group, its CDCREC code (None where there is none) and its English name."""

    group: str
    code: str | None
    label: str


def statement(
    submission: Submission, questions: QuestionSet, policy: MappingPolicy, organization: str | None = None
) -> Statement:
    """Return what the submission says, coded; raises UnknownAnswer."""
    related = RELATED.get(submission.informant)
    said: Said = {}
    items = []
    for name, answer in submission.answers.items():
        question = questions.question(name)
        if question is None:
            raise UnknownAnswer(f"answers.{name}: question set {questions.id} has no such question")
        said |= _elements(question, answer, policy)
        items.append(_item(question, answer))
    return Statement(
        submission=submission.id,
        patient=submission.patient,
        at=submission.answered_at,
        source=Source.PATIENT if related is None else Source.RELATED_PERSON,
        source_display=related,
        # The version that was answered, which need not be the one that the site asks now.
        questionnaire=f"{questions.url}|{submission.question_set_version}",
        locale=submission.locale,
        notice=submission.notice,
        items=tuple(items),
        encounter=submission.encounter,
        organization=organization,
        race=_as(said.get(Element.RACE), Coded),
        ethnicity=_as(said.get(Element.ETHNICITY), Coded),
        spoken=_as(said.get(Element.SPOKEN_LANGUAGE), Language),
        written=_as(said.get(Element.WRITTEN_LANGUAGE), Language),
        interpreter=_as(said.get(Element.INTERPRETER), Interpreter),
    )


def _as(value: object, kind: type[T]) -> T | AbsentReason | None:
    return value if isinstance(value, kind | AbsentReason) else None


def _elements(question: Question, answer: Answer, policy: MappingPolicy) -> Said:
    if answer.state is not State.ANSWERED:
        return dict.fromkeys(question.elements, ABSENT[answer.state])
    _check_words(question, answer)
    if question.kind is Kind.GROUPS:
        return _groups(question, answer, policy)
    if question.kind is Kind.LANGUAGE:
        return {question.elements[0]: _language(question, answer)}
    return {Element.INTERPRETER: Interpreter(_single(question, answer) == "yes")}


def _check_words(question: Question, answer: Answer) -> None:
    places = {OWN_WORDS, *(option.id for option in question.options if option.write_in is not None)}
    for place, key in enumerate(answer.write_ins):
        if key not in places:
            raise UnknownAnswer(f"answers.{question.id}.write_ins[{place}]: this question has no such line to write on")


def _single(question: Question, answer: Answer) -> str:
    if len(answer.choices) != 1 or question.option(answer.choices[0]) is None:
        raise UnknownAnswer(f"answers.{question.id}.choices: exactly one of the question's options")
    return answer.choices[0]


def chosen(question: Question, answer: Answer) -> tuple[Chosen, ...]:
    """Return the choices of a question of groups, each with its group; a detail implies its group, which comes first."""
    found: dict[str, Chosen] = {}
    for place, choice in enumerate(answer.choices):
        each = _choice(question, choice, place)
        option = question.option(each.group)
        if option is not None and option.id not in found:
            found[option.id] = Chosen(option.id, option.code, option.label)
        found.setdefault(choice, each)
    _refuse_contradiction(question, {each.group for each in found.values()})
    return tuple(found.values())


def _refuse_contradiction(question: Question, groups: set[str]) -> None:
    for option in question.options:
        if option.id in groups and groups & set(option.excludes):
            raise UnknownAnswer(f"answers.{question.id}.choices: two choices that contradict each other")


def _choice(question: Question, choice: str, place: int) -> Chosen:
    owner = terminology.owner_of(question, choice)
    if owner is None:
        raise UnknownAnswer(f"answers.{question.id}.choices[{place}]: is no choice of this question")
    if choice == owner.id:
        return Chosen(owner.id, owner.code, owner.label)
    detail = next((each for each in owner.details if each.id == choice), None)
    if detail is not None:
        return Chosen(owner.id, detail.code, detail.label)
    return Chosen(owner.id, choice, terminology.cdcrec()[choice].display)


def _groups(question: Question, answer: Answer, policy: MappingPolicy) -> Said:
    choices = chosen(question, answer)
    found: Said = {}
    own = answer.write_ins.get(OWN_WORDS)
    for element in question.elements:
        mine = [each for each in choices if _element_of(question, each.group) is element]
        words = [text for key, text in answer.write_ins.items() if key != OWN_WORDS and _element_of(question, key) is element]
        if own is not None and element is _owner_of_words(question, choices):
            words.append(own)
        if mine or words:
            found[element] = _coded(mine, words, policy)
    # Who ticked nothing, but wrote, may have written just that.
    unticked = bool(choices) and Element.ETHNICITY in question.elements and Element.ETHNICITY not in found
    if policy.infer_not_hispanic and unticked:
        found[Element.ETHNICITY] = _coded([Chosen(NOT_HISPANIC, NOT_HISPANIC, "Not Hispanic or Latino")], [], policy)
    return found


def _element_of(question: Question, group: str) -> Element | None:
    option = question.option(group)
    return None if option is None else option.element


def _owner_of_words(question: Question, choices: Iterable[Chosen]) -> Element:
    """Return whose text the own words are: race's, unless everything that was chosen speaks of ethnicity."""
    elements = {_element_of(question, each.group) for each in choices}
    only_ethnicity = elements == {Element.ETHNICITY} and Element.ETHNICITY in question.elements
    return Element.ETHNICITY if only_ethnicity else question.elements[0]


def _coded(choices: list[Chosen], words: list[str], policy: MappingPolicy) -> Coded:
    codes = [each.code for each in choices if each.code is not None]
    # MENA is in no version's set of categories, so 2118-8 is sent as a detail (FHIR.md, section 2).
    categories = [code for code in codes if code == terminology.group_of(code) and code != MENA]
    if policy.mena_rolls_up_to_white and MENA in codes and WHITE not in categories:
        categories.append(WHITE)
    detailed = [code for code in codes if code not in categories]
    # A box that no code names is said in the text, beside the person's own words.
    labels = dict.fromkeys(each.label for each in choices if not words or each.code is None)
    return Coded(
        text="; ".join(filter(None, (", ".join(labels), *words))),
        categories=tuple(map(_cdc, categories)),
        detailed=tuple(map(_cdc, detailed)),
    )


def _cdc(code: str) -> Coding:
    return Coding(CDCREC, code, terminology.cdcrec()[code].display)


def _language(question: Question, answer: Answer) -> Language:
    own = answer.write_ins.get(OWN_WORDS)
    if not answer.choices and own:
        return Language(text=own)
    if len(answer.choices) != 1 or answer.choices[0] not in terminology.languages():
        raise UnknownAnswer(f"answers.{question.id}.choices: exactly one language of the table, or own words")
    known = terminology.languages()[answer.choices[0]]
    return Language(text=known.endonym, codings=_codings(known), signed=known.signed)


def _codings(known: terminology.Language) -> tuple[Coding, ...]:
    if known.code is None:
        return ()
    # A script such as zh-Hans is no part of a code, because US Core's languages have none: the text says it.
    specific = known.id if known.is_tag and "-" not in known.id and known.id != known.code else None
    shortest = terminology.languages().get(known.code)
    first = Coding(BCP47, known.code, shortest.name if shortest else None)
    return (first,) if specific is None else (first, Coding(BCP47, specific, known.name))


def _item(question: Question, answer: Answer) -> ItemAnswer:
    strings = tuple(answer.write_ins.values())
    if answer.state is not State.ANSWERED:
        return ItemAnswer(question.id, question.title, absent=ABSENT[answer.state])
    if question.kind is Kind.GROUPS:
        choices = chosen(question, answer)
        codings = tuple(_cdc(each.code) for each in choices if each.code is not None)
        named = tuple(each.label for each in choices if each.code is None)
        return ItemAnswer(question.id, question.title, codings, (*named, *strings))
    if question.kind is Kind.LANGUAGE:
        said = _language(question, answer)
        return ItemAnswer(question.id, question.title, said.codings[-1:], strings or (() if said.codings else (said.text,)))
    return ItemAnswer(question.id, question.title, (YES if _single(question, answer) == "yes" else NO,), strings)
