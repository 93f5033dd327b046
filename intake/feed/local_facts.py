"""What our own store knows of people's answers, for the report: also what no server has taken yet."""

from collections.abc import Iterator

from fhir_client.model import Element
from fhir_client.uscore.statement import AbsentReason, CategoryAnswer, Source, Statement
from intake.answers import MatchCriteria
from intake.feed.export_files import qualify_reference
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.statement import NOT_HISPANIC, build_statement
from intake.report.values import ELEMENTS, LocalFact, State
from intake.settings import Settings
from intake.store.database import Database
from intake.store.outbox import submissions
from intake.store.outbox.submissions import CapturedSubmission

BATCH = 500
ABSENT = {AbsentReason.ASKED_DECLINED: State.DECLINED, AbsentReason.ASKED_UNKNOWN: State.DONT_KNOW}


def read_local_facts(settings: Settings, database: Database) -> Iterator[LocalFact]:
    """Yield every answer whose words are still kept; patients are named as the exported files name them."""
    numbers = {server: number for number, server in enumerate(settings.servers)}
    last = 0
    while True:
        # Short transactions: on SQLite a reader of all rows would keep every patient's Submit waiting.
        with database.read() as tx:
            batch = submissions.list_captured(tx, after=last, limit=BATCH)
        for each in batch:
            if each.server in numbers:
                yield from _answers(settings, each, numbers[each.server])
        if not batch:
            return
        last = batch[-1].number


def _answers(settings: Settings, told: CapturedSubmission, server: int) -> Iterator[LocalFact]:
    questions = settings.question_sets.get(told.submission.question_set)
    if questions is None or MatchCriteria.from_reference(told.submission.patient):
        # Of nobody that a record knows yet.
        return
    try:
        said = build_statement(told.submission, questions, settings.mapping)
    except UnknownAnswerError:
        # Such a submission is held with these words by the worker; nothing can be counted of it.
        return
    person = qualify_reference(said.patient, server)
    ethnicity = said.values.get(Element.ETHNICITY)
    hispanic = isinstance(ethnicity, CategoryAnswer) and any(
        coding.code != NOT_HISPANIC for coding in (*ethnicity.categories, *ethnicity.detailed)
    )
    for element, state in _states(said):
        yield LocalFact(
            person,
            element,
            state,
            said.answered_at,
            told.verified,
            hispanic=hispanic and element is Element.ETHNICITY,
        )


def _states(said: Statement) -> Iterator[tuple[Element, State]]:
    answered = State.SELF if said.source is Source.PATIENT else State.PROXY
    # The report counts some of the elements only.
    for element in map(Element, ELEMENTS):
        value = said.values.get(element)
        if value is not None:
            yield element, ABSENT[value] if isinstance(value, AbsentReason) else answered
