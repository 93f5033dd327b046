"""What our own store knows of people's answers, for the report: also what no server has taken yet."""

from collections.abc import Iterator

from fhir_client.uscore.statement import AbsentReason, Coded, Source, Statement
from intake.answers import Sought
from intake.questions import Element
from intake.report.values import Captured, State
from intake.settings import Settings
from intake.store import submissions
from intake.store.database import Database
from intake.store.submissions import Told
from intake.sync.choices import UnknownAnswer
from intake.sync.mapping import NOT_HISPANIC, statement
from intake.sync.sheets import marked

BATCH = 500
ABSENT = {AbsentReason.ASKED_DECLINED: State.DECLINED, AbsentReason.ASKED_UNKNOWN: State.DONT_KNOW}


def captured(settings: Settings, database: Database) -> Iterator[Captured]:
    """Yield every answer whose words are still kept; patients are named as the exported files name them."""
    numbers = {server: number for number, server in enumerate(settings.servers)}
    last = 0
    while True:
        # Short transactions: on SQLite a reader of all rows would keep every patient's Submit waiting.
        with database.read() as tx:
            batch = submissions.told(tx, after=last, limit=BATCH)
        for each in batch:
            if each.server in numbers:
                yield from _answers(settings, each, numbers[each.server])
        if not batch:
            return
        last = batch[-1].number


def _answers(settings: Settings, told: Told, server: int) -> Iterator[Captured]:
    questions = settings.question_sets.get(told.submission.question_set)
    if questions is None or Sought.of(told.submission.patient):
        # Of nobody that a record knows yet.
        return
    try:
        said = statement(told.submission, questions, settings.mapping)
    except UnknownAnswer:
        # Such a submission is held with these words by the worker; nothing can be counted of it.
        return
    person = marked(said.patient, server)
    hispanic = isinstance(said.ethnicity, Coded) and any(
        each.code != NOT_HISPANIC for each in (*said.ethnicity.categories, *said.ethnicity.detailed)
    )
    for element, state in _states(said):
        yield Captured(
            person,
            element,
            state,
            said.at,
            told.verified,
            hispanic=hispanic and element is Element.ETHNICITY,
        )


def _states(said: Statement) -> Iterator[tuple[Element, State]]:
    answered = State.SELF if said.source is Source.PATIENT else State.PROXY
    for element, value in (
        (Element.RACE, said.race),
        (Element.ETHNICITY, said.ethnicity),
        (Element.SPOKEN_LANGUAGE, said.spoken),
        (Element.WRITTEN_LANGUAGE, said.written),
        (Element.INTERPRETER, said.interpreter),
    ):
        if value is not None:
            yield element, ABSENT[value] if isinstance(value, AbsentReason) else answered
