"""Every submission that a question set allows, for hypothesis to draw from."""

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from intake import terminology
from intake.answers import (
    LONGEST_NUMBER,
    LONGEST_WRITE_IN,
    OWN_WORDS,
    Answer,
    Channel,
    Informant,
    Sought,
    State,
    Submission,
    is_record_number,
)
from intake.questions import Kind, Option, Question, QuestionSet
from intake.settings import load

QUESTION_SETS = load().question_sets
words = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40).filter(
    str.strip
)
longest = st.just("ß" * LONGEST_WRITE_IN)
offsets = st.integers(-12 * 4, 14 * 4).map(
    lambda quarters: timezone(timedelta(minutes=15 * quarters))
)
earliest, latest = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
moments = st.datetimes(earliest, latest, timezones=offsets).map(
    lambda at: at.replace(microsecond=0)
)
ids = st.from_regex(r"\A[A-Za-z0-9\-.]{1,64}\Z")


def boxes_of(question: Question) -> list[str]:
    """Every box of the question: its groups and their details."""
    return [
        each
        for option in question.options
        for each in (option.id, *(detail.id for detail in option.details))
    ]


def searched(question: Question) -> st.SearchStrategy[str]:
    """A code of the whole table that belongs to one of the question's groups."""
    own = set(boxes_of(question))
    codes = sorted(
        code
        for code in terminology.cdcrec()
        if code not in own and terminology.owner_of(question, code)
    )
    return st.sampled_from(codes)


def write_ins(question: Question) -> st.SearchStrategy[dict[str, str]]:
    """Words on any of the question's lines."""
    lines = [OWN_WORDS] * bool(question.own_words) + [
        option.id for option in question.options if option.write_in
    ]
    return (
        st.dictionaries(st.sampled_from(lines), words | longest, max_size=3)
        if lines
        else st.just({})
    )


def consistent(question: Question, choices: list[str]) -> bool:
    """Whether no two of the choices exclude each other."""
    owners = {
        owner.id: owner for each in choices if (owner := terminology.owner_of(question, each))
    }
    return not any(set(owner.excludes) & set(owners) for owner in owners.values())


numbers = st.text(max_size=LONGEST_NUMBER).filter(is_record_number)
people = st.builds(
    Sought, st.sampled_from(["urn:oid:1.2.3", "http://example.org/mrn"]), numbers, st.dates()
).map(lambda each: each.reference)


@st.composite
def group_answers(draw: st.DrawFn, question: Question) -> Answer:
    """Boxes, details with or without their group, codes that were found by searching, and words."""
    boxes = boxes_of(question)
    choices = st.lists(st.sampled_from(boxes) | searched(question), max_size=6, unique=True)
    chosen = draw(choices.filter(lambda found: consistent(question, found)))
    written = draw(write_ins(question))
    if not chosen and not written:
        chosen = [draw(st.sampled_from(boxes))]
    return Answer(State.ANSWERED, tuple(chosen), written)


tribes = st.builds(
    Answer,
    st.just(State.ANSWERED),
    st.lists(st.sampled_from(sorted(terminology.tribes())), max_size=3, unique=True).map(tuple),
    st.dictionaries(st.just(OWN_WORDS), words, max_size=1),
).filter(lambda answer: bool(answer.choices or answer.write_ins))
"""One tribe of the table or more, words, or both."""


def answered(question: Question) -> st.SearchStrategy[Answer]:
    """An answer to the question."""
    if question.kind is Kind.GROUPS:
        return group_answers(question)
    if question.kind is Kind.TRIBES:
        return tribes
    if question.kind is Kind.CHOICE:
        return st.sampled_from(question.options).map(
            lambda option: Answer(State.ANSWERED, (option.id,))
        )
    picked = st.sampled_from(sorted(terminology.languages())).map(
        lambda each: Answer(State.ANSWERED, (each,))
    )
    return picked | words.map(lambda own: Answer(State.ANSWERED, (), {OWN_WORDS: own}))


def answers(questions: QuestionSet) -> st.SearchStrategy[dict[str, Answer]]:
    """Some of the questions answered, some declined or not known, the others skipped."""
    other = st.sampled_from([Answer(State.DECLINED), Answer(State.UNKNOWN)])
    return st.fixed_dictionaries(
        {}, optional={each.id: answered(each) | other for each in questions.questions}
    )


def of_set(questions: QuestionSet) -> st.SearchStrategy[Submission]:
    """A submission of one question set."""
    return st.builds(
        Submission,
        id=st.uuids(),
        clinic=st.sampled_from(["riverside", "nowhere-else"]),
        patient=ids.map(lambda each: f"Patient/{each}") | people,
        answered_at=moments,
        informant=st.sampled_from(Informant),
        channel=st.sampled_from(Channel),
        question_set=st.just(questions.id),
        question_set_version=st.sampled_from([questions.version, "0.9.0"]),
        locale=st.sampled_from(["en", "es", "ar", "zh-Hant"]),
        notice=st.from_regex(r"\A[0-9a-z.-]{1,20}\Z"),
        answers=answers(questions),
        appointment=st.none() | ids.map(lambda each: f"Appointment/{each}"),
        encounter=st.none() | ids.map(lambda each: f"Encounter/{each}"),
    )


submissions = st.one_of(*(of_set(each) for each in QUESTION_SETS.values()))


def owner(question: Question, choice: str) -> Option:
    """The group that a choice belongs to."""
    found = terminology.owner_of(question, choice)
    assert found is not None
    return found
