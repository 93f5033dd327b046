"""The facts in our own store for the report, also of answers that no server has yet."""

from collections.abc import Iterator

from intake.feed.export_files import qualify_reference
from intake.feed.facts import build_facts
from intake.report.values import LocalFact, State
from intake.settings import Settings
from intake.store.database import Database
from intake.store.outbox.captured import CapturedSubmission, list_captured
from intake.store.outbox.facts import SubmissionFacts

BATCH_SIZE = 500


def read_local_facts(settings: Settings, database: Database) -> Iterator[LocalFact]:
    """Yield the facts of every submission that is still stored, with or without its answers.

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
    content = captured.content
    facts = content if isinstance(content, SubmissionFacts) else build_facts(content, settings)
    if facts is None:
        return
    patient = qualify_reference(facts.patient, server_number)
    for fact in facts.elements:
        yield LocalFact(
            patient,
            fact.element,
            State(fact.state),
            facts.answered_at,
            captured.verified,
            hispanic=fact.completes_race,
            detailed=fact.detailed,
            changed=fact.changed,
        )
