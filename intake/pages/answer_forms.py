"""Reads the form of a question's page into an answer, and the reverse."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.text import has_visible_character
from intake import terminology
from intake.answers import MAX_WRITE_IN_LENGTH, OWN_WORDS, WRITE_IN, Answer, AnswerState
from intake.journey import groups_with_details
from intake.questions import Question, QuestionKind

FormValues = Mapping[str, Sequence[str]]
"""A form as the browser sent it: the texts by field name."""

CHOICE, SEARCH, SEARCHED = "choice", "search", "searched"
"""The fields: the choices, the search term, and the term whose results the page had."""
TICK = "tick"
"""The button of a search result: it ticks the result's box."""


class FormFault(StrEnum):
    """Why a form is rejected; the page says it in the patient's language."""

    BOTH = "both"
    """An answer, and at the same time declined or unknown."""
    CONTRADICTION = "contradiction"
    """Two options that exclude each other."""
    UNKNOWN_CHOICE = "unknown-choice"
    """A choice that the page does not offer, or one too many."""
    TOO_LONG = "too-long"
    CONTROL = "control"
    """A character that is no letter, number or sign."""
    NO_WORDS = "no-words"
    """The option "another language" without its name."""
    NOT_PICKED = "not-picked"
    """A search with results but no choice; the page says so once, so that no answer is lost."""
    NO_INFORMANT = "missing"


CHOICE_FAULTS = frozenset(
    {FormFault.CONTRADICTION, FormFault.UNKNOWN_CHOICE, FormFault.NO_INFORMANT}
)
TEXT_FAULTS = frozenset({FormFault.TOO_LONG, FormFault.CONTROL})
CALM_FAULTS = frozenset({FormFault.BOTH, FormFault.NOT_PICKED})
"""The page asks which of two answers the patient means, or to pick one: nothing was wrong."""


@dataclass(frozen=True, slots=True)
class FormReading:
    """The content of a form: an answer (None: skipped), or its faults."""

    answer: Answer | None
    faults: tuple[FormFault, ...] = ()


def read_question(question: Question, values: FormValues, previous: Answer | None) -> FormReading:
    """Read the form of a question's page.

    Details and write-ins of the previous answer stay, if their group is still chosen.
    """
    words = _field_text(values, OWN_WORDS)
    choices = values.get(CHOICE, ())
    ticked = tuple(dict.fromkeys(choice for choice in choices if choice and choice != OWN_WORDS))
    if question.kind is QuestionKind.GROUPS:
        return _read_groups(question, ticked, words, previous)
    if question.kind is QuestionKind.TRIBES:
        return _read_tribes(ticked, words)
    return _read_single(question, ticked, words, needs_words=OWN_WORDS in choices)


def read_details(question: Question, values: FormValues, previous: Answer) -> FormReading:
    """Read the form of a details page; it adds to the groups of the answer before."""
    groups = [choice for choice in previous.choices if question.find_option(choice)]
    picked = [choice for choice in dict.fromkeys(values.get(CHOICE, ())) if choice]
    owners = {
        choice: owner.id
        for choice in picked
        if (owner := terminology.find_group_option(question, choice, groups))
    }
    texts = {
        key.removeprefix(WRITE_IN): _field_text(values, key)
        for key in values
        if key.startswith(WRITE_IN)
    }
    write_ins = {option_id: text for option_id, text in texts.items() if text}
    faults = set(_text_faults(write_ins.values()))
    # The page offers neither a choice without a group, nor the write-in of a group that was not
    # chosen: such a form was forged.
    if len(owners) != len(picked) or set(write_ins) - set(groups):
        faults.add(FormFault.UNKNOWN_CHOICE)
    # A code or a group from the search adds its group, which the page has said.
    choices = _in_question_order(question, [*groups, *owners.values(), *picked])
    own_words = {key: text for key, text in previous.write_ins.items() if key == OWN_WORDS}
    answer = Answer(AnswerState.ANSWERED, choices, {**write_ins, **own_words})
    return _build_reading(answer, faults)


def wrong_fields(values: FormValues, faults: Iterable[str]) -> frozenset[str]:
    """Return the fields to be marked as wrong; `choice` stands for all choices.

    A search without a choice, and a choice beside a decline, are no errors of a field.
    """
    wrong: set[str] = set()
    if not CHOICE_FAULTS.isdisjoint(faults):
        wrong.add(CHOICE)
    if FormFault.NO_WORDS in faults:
        wrong.add(OWN_WORDS)
    if not TEXT_FAULTS.isdisjoint(faults):
        names = (key for key in values if key == OWN_WORDS or key.startswith(WRITE_IN))
        wrong |= {key for key in names if any(_text_faults([_field_text(values, key)]))}
    return frozenset(wrong)


def is_search(values: FormValues) -> bool:
    """Return whether a form asks for a search.

    The patient pressed the search button, or pressed Enter with a new search term.
    """
    term = _field_text(values, SEARCH)
    return "find" in values or (bool(term) and term != _field_text(values, SEARCHED))


def ticked_result(question: Question, values: FormValues) -> FormValues | None:
    """Return the form with the search result ticked whose button the patient pressed, or None.

    The term counts as searched, so that Continue does not search for it again.
    """
    result = next(iter(values.get(TICK, ())), "")
    if not _is_offered(question, result):
        return None
    others = () if question.kind is QuestionKind.LANGUAGE else values.get(CHOICE, ())
    choices = [*dict.fromkeys([*others, result])]
    plain = {key: texts for key, texts in values.items() if key != TICK}
    return {**plain, CHOICE: choices, SEARCHED: list(values.get(SEARCH, ()))}


def _is_offered(question: Question, result: str) -> bool:
    if question.kind is QuestionKind.LANGUAGE:
        return result in terminology.load_languages()
    if question.kind is QuestionKind.TRIBES:
        return result in terminology.load_tribes()
    return terminology.find_group_option(question, result) is not None


def is_unpicked(values: FormValues) -> bool:
    """Return whether the form has a search term, but no choice and no text."""
    return bool(_field_text(values, SEARCH)) and not has_content(values)


def has_content(values: FormValues) -> bool:
    """Return whether a form has a choice or a text."""
    # An empty choice comes from forged forms only, and counts as none.
    return any(values.get(CHOICE, ())) or any(
        _field_text(values, key) for key in values if key == OWN_WORDS or key.startswith(WRITE_IN)
    )


def form_values(answer: Answer | None) -> FormValues:
    """Return the form's values for an answer."""
    if answer is None or answer.state is not AnswerState.ANSWERED:
        return {}
    texts = {
        key if key == OWN_WORDS else f"{WRITE_IN}{key}": (text,)
        for key, text in answer.write_ins.items()
    }
    choices = answer.choices or ((OWN_WORDS,) if OWN_WORDS in answer.write_ins else ())
    return {CHOICE: choices, **texts}


def chosen_details(question: Question, group: str, choices: Sequence[str]) -> Iterator[str]:
    """Yield a group's chosen CDCREC codes from a search, which have no box."""
    option = question.find_option(group)
    boxes = {detail.id for detail in option.details} if option else set()
    for choice in choices:
        owner = terminology.find_group_option(question, choice, choices)
        if owner is not None and owner.id == group and choice != group and choice not in boxes:
            yield choice


def _read_groups(
    question: Question, ticked: tuple[str, ...], words: str, previous: Answer | None
) -> FormReading:
    faults = set(_text_faults([words]))
    if any(question.find_option(choice) is None for choice in ticked):
        faults.add(FormFault.UNKNOWN_CHOICE)
    chosen = [option for option in question.options if option.id in ticked]
    if any(set(option.excludes) & set(ticked) for option in chosen):
        faults.add(FormFault.CONTRADICTION)
    if not ticked and not words:
        return _build_reading(None, faults)
    details, write_ins = _remaining_details(question, ticked, previous)
    choices = _in_question_order(question, [*ticked, *details])
    own_words = {OWN_WORDS: words} if words else {}
    answer = Answer(AnswerState.ANSWERED, choices, {**write_ins, **own_words})
    return _build_reading(answer, faults)


def _remaining_details(
    question: Question, ticked: tuple[str, ...], previous: Answer | None
) -> tuple[list[str], Mapping[str, str]]:
    """Return the previous details and write-ins whose group is still ticked."""
    if previous is None or previous.state is not AnswerState.ANSWERED:
        return [], {}
    groups = set(ticked) & set(groups_with_details(question, previous))
    owners = {
        choice: terminology.find_group_option(question, choice, groups)
        for choice in previous.choices
        if question.find_option(choice) is None
    }
    details = [
        choice for choice, owner in owners.items() if owner is not None and owner.id in groups
    ]
    return details, {key: text for key, text in previous.write_ins.items() if key in groups}


def _read_single(
    question: Question, ticked: tuple[str, ...], words: str, *, needs_words: bool
) -> FormReading:
    # Radio buttons send one choice; two mean that the form was forged.
    faults = set(_text_faults([words]))
    allowed = (
        set(terminology.load_languages())
        if question.kind is QuestionKind.LANGUAGE
        else {option.id for option in question.options}
    )
    if len(ticked) > 1 or set(ticked) - allowed:
        faults.add(FormFault.UNKNOWN_CHOICE)
    if needs_words and not words:
        faults.add(FormFault.NO_WORDS)
    return _read_choices(ticked, words, faults)


def _read_tribes(ticked: tuple[str, ...], words: str) -> FormReading:
    faults = set(_text_faults([words]))
    if set(ticked) - terminology.load_tribes().keys():
        faults.add(FormFault.UNKNOWN_CHOICE)
    return _read_choices(ticked, words, faults)


def _read_choices(ticked: tuple[str, ...], words: str, faults: set[FormFault]) -> FormReading:
    if not ticked and not words:
        return _build_reading(None, faults)
    own_words = {OWN_WORDS: words} if words else {}
    return _build_reading(Answer(AnswerState.ANSWERED, ticked, own_words), faults)


def _build_reading(answer: Answer | None, faults: set[FormFault]) -> FormReading:
    # Sorted, so that the page shows the same fault each time.
    return FormReading(None, tuple(sorted(faults))) if faults else FormReading(answer)


def _in_question_order(question: Question, choices: Sequence[str]) -> tuple[str, ...]:
    """Return each choice once, in the question's order; codes from a search come last."""
    listed = [
        choice
        for option in question.options
        for choice in (option.id, *(detail.id for detail in option.details))
    ]
    return tuple(
        sorted(
            dict.fromkeys(choices),
            key=lambda choice: listed.index(choice) if choice in listed else len(listed),
        )
    )


def _field_text(values: FormValues, key: str) -> str:
    text = next(iter(values.get(key, ())), "").strip()
    # Some keyboards and pasted texts bring invisible characters. Alone they are no answer, and the
    # patient, before an empty field, could not remove them.
    return text if _is_typed(text) else ""


def _is_typed(text: str) -> bool:
    return has_visible_character(text) or any(map(_is_control, text))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")


def _text_faults(texts: Iterable[str]) -> Iterator[FormFault]:
    for text in texts:
        if len(text) > MAX_WRITE_IN_LENGTH:
            yield FormFault.TOO_LONG
        # Control characters and lone surrogates break databases and FHIR servers.
        if any(map(_is_control, text)):
            yield FormFault.CONTROL
