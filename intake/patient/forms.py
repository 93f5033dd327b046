"""From a question's form to an answer and back: nothing typed is lost, and nothing contradictory is taken."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from intake import terminology
from intake.answers import MAX_WRITE_IN_LENGTH, OWN_WORDS, Answer, AnswerState
from intake.journey import groups_with_details
from intake.questions import Question, QuestionKind

FormValues = Mapping[str, Sequence[str]]
"""A form as it was sent: the texts by the fields' names."""

CHOICE, SEARCH, SEARCHED = "choice", "search", "searched"
WRITE_IN = "write-in-"
"""The fields: choices, the search, the search whose results are shown already; write-ins end in the option's id."""


class FormFault(StrEnum):
    """Why a form cannot be taken as it is; the page says it in the person's language."""

    BOTH = "both"
    """An answer, and at the same time declined or unknown."""
    CONTRADICTION = "contradiction"
    """Two options that exclude each other."""
    UNKNOWN_CHOICE = "unknown-choice"
    """Something that the page does not offer, or one too many."""
    TOO_LONG = "too-long"
    CONTROL = "control"
    """A character that is no letter, number or sign."""
    NO_WORDS = "no-words"
    """Another language, but not which."""
    NOT_PICKED = "not-picked"
    """Something was searched for and found, and nothing picked: what they wanted to say would be lost. Said once."""


@dataclass(frozen=True, slots=True)
class FormReading:
    """What a form says: an answer (None: skipped), or the faults that keep it from being one."""

    answer: Answer | None
    faults: tuple[FormFault, ...] = ()


def read_question(question: Question, values: FormValues, earlier: Answer | None) -> FormReading:
    """Read the page of a question; details and write-ins given `earlier` stay with the groups that are still chosen."""
    words = _typed(values, OWN_WORDS)
    ticked = tuple(
        dict.fromkeys(each for each in values.get(CHOICE, ()) if each and each != OWN_WORDS)
    )
    if question.kind is QuestionKind.GROUPS:
        return _groups(question, ticked, words, earlier)
    if question.kind is QuestionKind.TRIBES:
        return _tribes(ticked, words)
    return _single(question, ticked, words, another=OWN_WORDS in values.get(CHOICE, ()))


def read_details(question: Question, values: FormValues, earlier: Answer) -> FormReading:
    """Read the page of a question's details, which adds to the groups chosen `earlier`."""
    groups = [each for each in earlier.choices if question.find_option(each)]
    picked = [each for each in dict.fromkeys(values.get(CHOICE, ())) if each]
    owners = {
        each: owner.id
        for each in picked
        if (owner := terminology.find_group_option(question, each))
    }
    typed = {
        key.removeprefix(WRITE_IN): _typed(values, key)
        for key in values
        if key.startswith(WRITE_IN)
    }
    write_ins = {key: words for key, words in typed.items() if words}
    faults = set(_word_faults(write_ins.values()))
    if (
        len(owners) != len(picked)
        or any(question.find_option(each) for each in picked)
        or set(write_ins) - set(groups)
    ):
        faults.add(FormFault.UNKNOWN_CHOICE)
    # A code that was found by searching brings its group along.
    choices = _ordered(question, [*groups, *owners.values(), *picked])
    own = {key: words for key, words in earlier.write_ins.items() if key == OWN_WORDS}
    return _taken(Answer(AnswerState.ANSWERED, choices, {**write_ins, **own}), faults)


def is_search(values: FormValues) -> bool:
    """Return whether a form asks for a search: by its button, or by Enter with a term that was not searched for yet."""
    term = _typed(values, SEARCH)
    return "find" in values or (bool(term) and term != _typed(values, SEARCHED))


def is_unpicked(values: FormValues) -> bool:
    """Return whether something was searched for, and nothing chosen or written."""
    return bool(_typed(values, SEARCH)) and not has_content(values)


def has_content(values: FormValues) -> bool:
    """Return whether a form carries an answer of any kind."""
    return any(values.get(CHOICE, ())) or any(
        _typed(values, key) for key in values if _is_words(key)
    )


def form_values(answer: Answer | None) -> FormValues:
    """Return the form's values that say what the answer says."""
    if answer is None or answer.state is not AnswerState.ANSWERED:
        return {}
    words = {
        key if key == OWN_WORDS else f"{WRITE_IN}{key}": (text,)
        for key, text in answer.write_ins.items()
    }
    choices = answer.choices or ((OWN_WORDS,) if OWN_WORDS in answer.write_ins else ())
    return {CHOICE: choices, **words}


def chosen_details(question: Question, group: str, choices: Sequence[str]) -> Iterator[str]:
    """Yield the CDCREC codes of a group that were found by searching and have no box of their own."""
    option = question.find_option(group)
    boxes = {detail.id for detail in option.details} if option else set()
    for choice in choices:
        owner = terminology.find_group_option(question, choice)
        if owner is not None and owner.id == group and choice != group and choice not in boxes:
            yield choice


def _groups(
    question: Question, ticked: tuple[str, ...], words: str, earlier: Answer | None
) -> FormReading:
    faults = set(_word_faults([words]))
    if any(question.find_option(each) is None for each in ticked):
        faults.add(FormFault.UNKNOWN_CHOICE)
    if any(
        set(option.excludes) & set(ticked) for option in question.options if option.id in ticked
    ):
        faults.add(FormFault.CONTRADICTION)
    kept, written = _kept(question, ticked, earlier)
    own = {OWN_WORDS: words} if words else {}
    if not ticked and not own:
        return _taken(None, faults)
    return _taken(
        Answer(AnswerState.ANSWERED, _ordered(question, [*ticked, *kept]), {**written, **own}),
        faults,
    )


def _kept(
    question: Question, ticked: tuple[str, ...], earlier: Answer | None
) -> tuple[list[str], Mapping[str, str]]:
    if earlier is None or earlier.state is not AnswerState.ANSWERED:
        return [], {}
    still = set(ticked) & set(groups_with_details(question, earlier))
    owners = {
        each: terminology.find_group_option(question, each)
        for each in earlier.choices
        if question.find_option(each) is None
    }
    choices = [each for each, owner in owners.items() if owner is not None and owner.id in still]
    return choices, {key: words for key, words in earlier.write_ins.items() if key in still}


def _single(
    question: Question, ticked: tuple[str, ...], words: str, *, another: bool
) -> FormReading:
    faults = set(_word_faults([words]))
    known = (
        terminology.load_languages()
        if question.kind is QuestionKind.LANGUAGE
        else {each.id for each in question.options}
    )
    if len(ticked) > 1 or any(each not in known for each in ticked):
        faults.add(FormFault.UNKNOWN_CHOICE)
    if another and not words:
        faults.add(FormFault.NO_WORDS)
    return _picked(ticked, words, faults)


def _tribes(ticked: tuple[str, ...], words: str) -> FormReading:
    faults = set(_word_faults([words]))
    if set(ticked) - terminology.load_tribes().keys():
        faults.add(FormFault.UNKNOWN_CHOICE)
    return _picked(ticked, words, faults)


def _picked(ticked: tuple[str, ...], words: str, faults: set[FormFault]) -> FormReading:
    if not ticked and not words:
        return _taken(None, faults)
    return _taken(Answer(AnswerState.ANSWERED, ticked, {OWN_WORDS: words} if words else {}), faults)


def _taken(answer: Answer | None, faults: set[FormFault]) -> FormReading:
    return FormReading(None, tuple(sorted(faults))) if faults else FormReading(answer)


def _ordered(question: Question, choices: Sequence[str]) -> tuple[str, ...]:
    """Return each choice once, in the question's order: groups and their boxes, and what was searched for behind them."""
    places = [
        each
        for option in question.options
        for each in (option.id, *(detail.id for detail in option.details))
    ]
    return tuple(
        sorted(
            dict.fromkeys(choices),
            key=lambda each: places.index(each) if each in places else len(places),
        )
    )


def _is_words(key: str) -> bool:
    return key == OWN_WORDS or key.startswith(WRITE_IN)


def _typed(values: FormValues, key: str) -> str:
    return next(iter(values.get(key, ())), "").strip()


def _word_faults(texts: Iterable[str]) -> Iterator[FormFault]:
    for words in texts:
        if len(words) > MAX_WRITE_IN_LENGTH:
            yield FormFault.TOO_LONG
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in words):
            yield FormFault.CONTROL
