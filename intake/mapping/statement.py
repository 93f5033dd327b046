"""Where answers meet FHIR: a submission and its question set in, a statement for fhir_client out. Nothing is guessed."""

from collections.abc import Iterable, Iterator

from fhir_client.model import Element
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    CategoryAnswer,
    Coding,
    ElementValue,
    Interpreter,
    ItemAnswer,
    Language,
    Source,
    Statement,
    TribalAffiliation,
    Tribe,
)
from intake import terminology
from intake.answers import INFORMANT_RELATIONSHIPS, OWN_WORDS, Answer, AnswerState, Submission
from intake.mapping.choices import GroupChoice, UnknownAnswerError, resolve_choices
from intake.mapping.items import ABSENT_REASONS, build_items, tribe_coding
from intake.questions import Question, QuestionKind, QuestionSet
from intake.settings import MappingPolicy
from intake.terminology import MENA, WHITE

Said = dict[Element, ElementValue]
NOT_HISPANIC = "2186-5"


def build_statement(
    submission: Submission,
    questions: QuestionSet,
    policy: MappingPolicy,
    organization: str | None = None,
) -> Statement:
    """Return what the submission says, coded; raises UnknownAnswer."""
    related = INFORMANT_RELATIONSHIPS.get(submission.informant)
    said: Said = {}
    for name, answer in submission.answers.items():
        question = questions.find_question(name)
        if question is None:
            raise UnknownAnswerError(
                f"answers.{name}: question set {questions.id} has no such question"
            )
        found = _elements(question, answer, policy)
        said |= {
            element: found[element] for element in question.recorded_elements if element in found
        }
    return Statement(
        submission=submission.id,
        patient=submission.patient,
        answered_at=submission.answered_at,
        source=Source.PATIENT if related is None else Source.RELATED_PERSON,
        source_display=related,
        # The version that was answered, which need not be the one that the site asks now.
        questionnaire=f"{questions.url}|{submission.question_set_version}",
        locale=submission.locale,
        notice=submission.notice,
        items=tuple(_items(questions, submission)),
        encounter=submission.encounter,
        organization=organization,
        values=said,
    )


def _items(questions: QuestionSet, submission: Submission) -> Iterator[ItemAnswer]:
    # A response's items stand in the order of its Questionnaire, in whatever order they were answered.
    for question in questions.questions:
        if answer := submission.answers.get(question.id):
            yield from build_items(questions, question, answer)


def _elements(question: Question, answer: Answer, policy: MappingPolicy) -> Said:
    if answer.state is not AnswerState.ANSWERED:
        return dict.fromkeys(question.elements, ABSENT_REASONS[answer.state])
    _check_words(question, answer)
    if question.kind is QuestionKind.GROUPS:
        return _groups(question, answer, policy)
    if question.kind is QuestionKind.LANGUAGE:
        return {question.elements[0]: _language(question, answer)}
    if question.kind is QuestionKind.TRIBES:
        return {question.elements[0]: _tribes(question, answer)}
    return {Element.INTERPRETER: Interpreter(_single(question, answer) == "yes")}


def _check_words(question: Question, answer: Answer) -> None:
    places = {option.id for option in question.options if option.write_in is not None}
    if question.own_words is not None:
        places.add(OWN_WORDS)
    for place, key in enumerate(answer.write_ins):
        if key not in places:
            raise UnknownAnswerError(
                f"answers.{question.id}.write_ins[{place}]: this question has no such line to write on"
            )


def _single(question: Question, answer: Answer) -> str:
    if len(answer.choices) != 1 or question.find_option(answer.choices[0]) is None:
        raise UnknownAnswerError(
            f"answers.{question.id}.choices: exactly one of the question's options"
        )
    return answer.choices[0]


def _groups(question: Question, answer: Answer, policy: MappingPolicy) -> Said:
    choices = resolve_choices(question, answer)
    found: Said = {}
    own = answer.write_ins.get(OWN_WORDS)
    for element in question.elements:
        mine = [each for each in choices if _element_of(question, each.group) is element]
        words = [
            text
            for key, text in answer.write_ins.items()
            if key != OWN_WORDS and _element_of(question, key) is element
        ]
        if own is not None and element is _owner_of_words(question, choices):
            words.append(own)
        if mine or words:
            found[element] = _coded(mine, words, policy)
    # Who ticked nothing, but wrote, may have written just that.
    unticked = (
        bool(choices) and Element.ETHNICITY in question.elements and Element.ETHNICITY not in found
    )
    if policy.infer_not_hispanic and unticked:
        found[Element.ETHNICITY] = _coded(
            [GroupChoice(NOT_HISPANIC, NOT_HISPANIC, NOT_HISPANIC, "Not Hispanic or Latino")],
            [],
            policy,
        )
    return found


def _element_of(question: Question, group: str) -> Element | None:
    option = question.find_option(group)
    return None if option is None else option.element


def _owner_of_words(question: Question, choices: Iterable[GroupChoice]) -> Element:
    """Return whose text the own words are: race's, unless everything that was chosen speaks of ethnicity."""
    elements = {_element_of(question, each.group) for each in choices}
    only_ethnicity = elements == {Element.ETHNICITY} and Element.ETHNICITY in question.elements
    return Element.ETHNICITY if only_ethnicity else question.elements[0]


def _coded(choices: list[GroupChoice], words: list[str], policy: MappingPolicy) -> CategoryAnswer:
    codes = [each.code for each in choices if each.code is not None]
    # MENA is in no version's set of categories, so 2118-8 is sent as a detail (FHIR.md, section 2).
    categories = [code for code in codes if code == terminology.group_of(code) and code != MENA]
    if policy.mena_rolls_up_to_white and MENA in codes and WHITE not in categories:
        categories.append(WHITE)
    detailed = [code for code in codes if code not in categories]
    # A box that no code names is said in the text, beside the person's own words.
    labels = dict.fromkeys(each.label for each in choices if not words or each.code is None)
    return CategoryAnswer(
        text="; ".join(filter(None, (", ".join(labels), *words))),
        categories=tuple(map(_cdc, categories)),
        detailed=tuple(map(_cdc, detailed)),
    )


def _cdc(code: str) -> Coding:
    return Coding(CDCREC, code, terminology.load_concepts()[code].display)


def _language(question: Question, answer: Answer) -> Language:
    own = answer.write_ins.get(OWN_WORDS)
    if not answer.choices and own:
        return Language(text=own)
    if len(answer.choices) != 1 or answer.choices[0] not in terminology.load_languages():
        raise UnknownAnswerError(
            f"answers.{question.id}.choices: exactly one language of the table, or own words"
        )
    known = terminology.load_languages()[answer.choices[0]]
    return Language(text=known.endonym, codings=_codings(known), signed=known.signed)


def _codings(known: terminology.Language) -> tuple[Coding, ...]:
    if known.code is None:
        return ()
    # A script such as zh-Hans is no part of a code, because US Core's languages have none: the text says it.
    specific = known.id if known.is_tag and "-" not in known.id and known.id != known.code else None
    shortest = terminology.load_languages().get(known.code)
    first = Coding(BCP47, known.code, shortest.name if shortest else None)
    return (first,) if specific is None else (first, Coding(BCP47, specific, known.name))


def _tribes(question: Question, answer: Answer) -> TribalAffiliation:
    known = terminology.load_tribes()
    for place, choice in enumerate(answer.choices):
        if choice not in known:
            raise UnknownAnswerError(
                f"answers.{question.id}.choices[{place}]: is no tribe of the table"
            )
    picked = [Tribe(known[each].name, tribe_coding(known[each])) for each in answer.choices]
    own = answer.write_ins.get(OWN_WORDS)
    # Own words may name another tribe: they are never taken for more about one that was picked.
    return TribalAffiliation((*picked, *([] if own is None else [Tribe(own)])))
