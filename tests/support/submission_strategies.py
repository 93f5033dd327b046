"""Every submission that a question set allows, for hypothesis to draw from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from hypothesis import strategies as st

from fhir_client.text import has_visible_character
from intake import terminology
from intake.answers import (
    MAX_RECORD_NUMBER_LENGTH,
    MAX_WRITE_IN_LENGTH,
    OWN_WORDS,
    Answer,
    AnswerState,
    Channel,
    Informant,
    MatchCriteria,
    Submission,
    is_record_number,
)
from intake.questions import Option, Question, QuestionKind, QuestionSet
from intake.settings import load_settings

QUESTION_SETS = load_settings().question_sets
words = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40).filter(
    has_visible_character
)
longest_words = st.just("ß" * MAX_WRITE_IN_LENGTH)
offsets = st.integers(-14 * 4, 14 * 4).map(
    lambda quarters: timezone(timedelta(minutes=15 * quarters))
)
earliest, latest = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
moments = st.datetimes(earliest, latest, timezones=offsets).map(
    lambda at: at.replace(microsecond=0)
)
ids = st.from_regex(r"\A[A-Za-z0-9\-.]{1,64}\Z")


def question_box_ids(question: Question) -> list[str]:
    """Return every box of the question: its groups and their details."""
    return [
        box_id
        for option in question.options
        for box_id in (option.id, *(detail.id for detail in option.details))
    ]


def searched_codes(question: Question) -> st.SearchStrategy[str]:
    """Draw a code of the whole table that belongs to one of the question's groups."""
    own = set(question_box_ids(question))
    codes = sorted(
        code
        for code in terminology.load_concepts()
        if code not in own and terminology.find_group_option(question, code)
    )
    return st.sampled_from(codes)


def write_ins(question: Question) -> st.SearchStrategy[dict[str, str]]:
    """Draw words on any of the question's lines."""
    lines = [OWN_WORDS] * bool(question.own_words) + [
        option.id for option in question.options if option.write_in
    ]
    return (
        st.dictionaries(st.sampled_from(lines), words | longest_words, max_size=3)
        if lines
        else st.just({})
    )


def choices_are_consistent(question: Question, choices: list[str]) -> bool:
    """Return whether no two of the choices exclude each other."""
    owners = {
        owner.id: owner
        for choice in choices
        if (owner := terminology.find_group_option(question, choice, choices))
    }
    return not any(set(owner.excludes) & set(owners) for owner in owners.values())


# Everybody is born before the earliest of the moments.
births = st.dates(date(1900, 1, 1), date(1989, 12, 31))
numbers = st.text(max_size=MAX_RECORD_NUMBER_LENGTH).filter(is_record_number)
match_references = st.builds(
    MatchCriteria, st.sampled_from(["urn:oid:1.2.3", "http://example.org/mrn"]), numbers, births
).map(lambda criteria: criteria.reference)


@st.composite
def group_answers(draw: st.DrawFn, question: Question) -> Answer:
    """Draw boxes, details with or without their group, codes found by a search, and words."""
    boxes = question_box_ids(question)
    choices = st.lists(st.sampled_from(boxes) | searched_codes(question), max_size=6, unique=True)
    drawn = draw(choices.filter(lambda drawn: choices_are_consistent(question, drawn)))
    written = draw(write_ins(question))
    if not drawn and not written:
        drawn = [draw(st.sampled_from(boxes))]
    return Answer(AnswerState.ANSWERED, tuple(drawn), written)


tribes = st.builds(
    Answer,
    st.just(AnswerState.ANSWERED),
    st.lists(st.sampled_from(sorted(terminology.load_tribes())), max_size=3, unique=True).map(
        tuple
    ),
    st.dictionaries(st.just(OWN_WORDS), words, max_size=1),
).filter(lambda answer: bool(answer.choices or answer.write_ins))
"""Tribes of the table, words, or both."""


def question_answers(question: Question) -> st.SearchStrategy[Answer]:
    """Draw an answer to the question."""
    if question.kind is QuestionKind.GROUPS:
        return group_answers(question)
    if question.kind is QuestionKind.TRIBES:
        return tribes
    if question.kind is QuestionKind.CHOICE:
        return st.sampled_from(question.options).map(
            lambda option: Answer(AnswerState.ANSWERED, (option.id,))
        )
    # As on our pages: no sign language is read, and no script is spoken.
    languages = sorted(
        language.id
        for language in terminology.load_languages().values()
        if language.can_answer(question.elements[0])
    )
    from_table = st.builds(
        Answer,
        st.just(AnswerState.ANSWERED),
        st.sampled_from(languages).map(lambda language: (language,)),
        st.dictionaries(st.just(OWN_WORDS), words, max_size=1),
    )
    return from_table | words.map(lambda own: Answer(AnswerState.ANSWERED, (), {OWN_WORDS: own}))


def answers(questions: QuestionSet) -> st.SearchStrategy[dict[str, Answer]]:
    """Draw some questions answered, some declined or unknown, and the others skipped."""
    absent = st.sampled_from([Answer(AnswerState.DECLINED), Answer(AnswerState.UNKNOWN)])
    return st.fixed_dictionaries(
        {},
        optional={
            question.id: question_answers(question) | absent for question in questions.questions
        },
    )


def question_set_submissions(questions: QuestionSet) -> st.SearchStrategy[Submission]:
    """Draw a submission of one question set."""
    return st.builds(
        Submission,
        id=st.uuids(),
        clinic=st.sampled_from(["riverside", "nowhere-else"]),
        patient=ids.map(lambda patient_id: f"Patient/{patient_id}") | match_references,
        answered_at=moments,
        informant=st.sampled_from(Informant),
        channel=st.sampled_from(Channel),
        question_set=st.just(questions.id),
        question_set_version=st.sampled_from([questions.version, "0.9.0"]),
        locale=st.sampled_from(["en", "es", "ar", "zh-Hant"]),
        notice=st.from_regex(r"\A[0-9a-z.-]{1,20}\Z"),
        answers=answers(questions),
        appointment=st.none() | ids.map(lambda visit_id: f"Appointment/{visit_id}"),
        encounter=st.none() | ids.map(lambda visit_id: f"Encounter/{visit_id}"),
    ).flatmap(enter_by_staff)


def enter_by_staff(submission: Submission) -> st.SearchStrategy[Submission]:
    """Draw the member of staff who entered it, where its channel has one."""
    if not submission.channel.is_by_staff:
        return st.just(submission)
    staff = st.none() | ids.map(lambda staff_id: f"Practitioner/{staff_id}")
    return staff.map(lambda name: replace(submission, entered_by=name))


submissions = st.one_of(*map(question_set_submissions, QUESTION_SETS.values()))


def owning_option(question: Question, choice: str, chosen: Sequence[str]) -> Option:
    """Return the group that a choice belongs to, among all that the patient chose."""
    option = terminology.find_group_option(question, choice, chosen)
    assert option is not None
    return option
