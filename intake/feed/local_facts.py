"""Facts for the report from our own store, also from submissions that no server has yet."""

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

BATCH_SIZE = 500
ABSENT_STATES = {
    AbsentReason.ASKED_DECLINED: State.DECLINED,
    AbsentReason.ASKED_UNKNOWN: State.DONT_KNOW,
}


def read_local_facts(settings: Settings, database: Database) -> Iterator[LocalFact]:
    """Yield a fact per stored answer, with the patient references of the exported files."""
    numbers = {server: number for number, server in enumerate(settings.servers)}
    last_number = 0
    while True:
        # Short transactions, because on SQLite one long reader would block every patient's Submit.
        with database.read() as tx:
            batch = submissions.list_captured(tx, after=last_number, limit=BATCH_SIZE)
        for captured in batch:
            if captured.server in numbers:
                yield from _read_facts(settings, captured, numbers[captured.server])
        if not batch:
            return
        last_number = batch[-1].number


def _read_facts(
    settings: Settings, captured: CapturedSubmission, server_number: int
) -> Iterator[LocalFact]:
    questions = settings.question_sets.get(captured.submission.question_set)
    if questions is None or MatchCriteria.from_reference(captured.submission.patient):
        # The worker has not matched this patient to a chart yet.
        return
    try:
        statement = build_statement(captured.submission, questions, settings.mapping)
    except UnknownAnswerError:
        # The worker holds such a submission with the reason; the report cannot count it.
        return
    patient = qualify_reference(statement.patient, server_number)
    ethnicity = statement.values.get(Element.ETHNICITY)
    hispanic = isinstance(ethnicity, CategoryAnswer) and any(
        coding.code != NOT_HISPANIC for coding in (*ethnicity.categories, *ethnicity.detailed)
    )
    for element, state in _read_states(statement):
        yield LocalFact(
            patient,
            element,
            state,
            statement.answered_at,
            captured.verified,
            hispanic=hispanic and element is Element.ETHNICITY,
        )


def _read_states(statement: Statement) -> Iterator[tuple[Element, State]]:
    answered = State.SELF if statement.source is Source.PATIENT else State.PROXY
    # The report counts only some of the elements.
    for element in map(Element, ELEMENTS):
        value = statement.values.get(element)
        if value is not None:
            yield element, ABSENT_STATES[value] if isinstance(value, AbsentReason) else answered
