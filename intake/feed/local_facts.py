"""The answers in our own store for the report, also those that no server has yet."""

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
from intake.store.outbox.captured import CapturedSubmission, list_captured

BATCH_SIZE = 500
ABSENT_STATES = {
    AbsentReason.ASKED_DECLINED: State.DECLINED,
    AbsentReason.ASKED_UNKNOWN: State.DONT_KNOW,
}


def read_local_facts(settings: Settings, database: Database) -> Iterator[LocalFact]:
    """Yield every answer whose payload is still in the store.

    The patients have the references that the exported files have.
    """
    numbers = {server_id: number for number, server_id in enumerate(settings.servers)}
    last = 0
    while True:
        # Each batch has a short transaction of its own. On SQLite, one long read would make every
        # patient's Submit wait.
        with database.read() as tx:
            batch = list_captured(tx, after=last, limit=BATCH_SIZE)
        for captured in batch:
            if captured.server in numbers:
                yield from _submission_facts(settings, captured, numbers[captured.server])
        if not batch:
            return
        last = batch[-1].number


def _submission_facts(
    settings: Settings, captured: CapturedSubmission, server_number: int
) -> Iterator[LocalFact]:
    questions = settings.question_sets.get(captured.submission.question_set)
    if questions is None or MatchCriteria.from_reference(captured.submission.patient):
        # The worker has not matched this patient to a chart yet, so the report has no patient to
        # count.
        return
    try:
        statement = build_statement(captured.submission, questions, settings.mapping)
    except UnknownAnswerError:
        # The worker holds such a submission and shows the reason. The report cannot count it.
        return
    patient = qualify_reference(statement.patient, server_number)
    ethnicity = statement.values.get(Element.ETHNICITY)
    hispanic = isinstance(ethnicity, CategoryAnswer) and any(
        coding.code != NOT_HISPANIC for coding in (*ethnicity.categories, *ethnicity.detailed)
    )
    for element, state in _element_states(statement):
        yield LocalFact(
            patient,
            element,
            state,
            statement.answered_at,
            captured.verified,
            hispanic=hispanic and element is Element.ETHNICITY,
        )


def _element_states(statement: Statement) -> Iterator[tuple[Element, State]]:
    answered = State.SELF if statement.source is Source.PATIENT else State.PROXY
    # The report counts some of the elements only.
    for element in map(Element, ELEMENTS):
        value = statement.values.get(element)
        if value is not None:
            state = ABSENT_STATES[value] if isinstance(value, AbsentReason) else answered
            yield element, state
