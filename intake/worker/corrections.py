"""Finds what a correction corrects: this site's earlier answers at the same visit."""

from dataclasses import dataclass
from functools import partial

from fhir_client.uscore.chart import elements_of_part
from fhir_client.uscore.correction import Correction, EarlierWrite
from fhir_client.uscore.statement import without_elements
from fhir_client.uscore.undo_record import ElementChange, KeyedHash
from intake.answers import Submission
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.elements import covered_elements, stated_elements
from intake.mapping.site_mapping import map_submission
from intake.settings import Settings
from intake.store.database import Database
from intake.store.outbox import supersede
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.supersede import RelatedSubmission
from intake.store.outbox.undo_records import UndoRecord
from intake.worker.undo_records import decode_prior_values, keyed_hash


def is_same_visit(first: Submission, second: Submission, settings: Settings) -> bool:
    """Return whether two submissions about one chart belong to one visit.

    They do if they name the same Appointment or Encounter, else on the same day at one clinic.
    """
    pairs = ((first.appointment, second.appointment), (first.encounter, second.encounter))
    for own, other in pairs:
        if own and other:
            return own == other
    clinic = settings.clinics.get(first.clinic)
    if first.clinic != second.clinic or clinic is None:
        return False
    days = {
        submission.answered_at.astimezone(clinic.time_zone).date() for submission in (first, second)
    }
    return len(days) == 1


def is_answered_later(other: RelatedSubmission, leased: LeasedSubmission) -> bool:
    """Return whether another submission of the chart was answered after this one."""
    moment, own_moment = other.submission.answered_at, leased.submission.answered_at
    return moment > own_moment or (moment == own_moment and not other.is_older)


@dataclass(frozen=True, slots=True)
class SentAnswers:
    """What this site sent for the chart of a submission, apart from the submission itself.

    `others` still have their answers, the newest first. `erased_since` are the undo records of
    those that were sent after the submission was answered, and are erased. `older_ids` are all that
    were sent before it. `key` recognizes what this site wrote.
    """

    others: tuple[RelatedSubmission, ...]
    erased_since: tuple[UndoRecord, ...]
    older_ids: tuple[str, ...]
    key: KeyedHash


def read_sent_answers(database: Database, leased: LeasedSubmission) -> SentAnswers:
    """Read what this site sent for the same chart, once for all rules of a delivery."""
    with database.read() as tx:
        return SentAnswers(
            supersede.list_others_sent(tx, leased),
            supersede.list_erased_since(tx, leased, leased.submission.answered_at),
            supersede.list_sent_ids(tx, leased),
            keyed_hash(tx),
        )


def find_correction(
    sent: SentAnswers, leased: LeasedSubmission, settings: Settings
) -> Correction | None:
    """Return what the submission corrects, or None where it is the first of its visit."""
    elements = stated_elements(leased.submission, settings) - leased.superseded_elements
    # Of two that were answered at the same second, the one that was stored last stays first.
    newest_first = sorted(sent.others, key=lambda other: other.submission.answered_at, reverse=True)
    read = partial(_read_write, leased, settings=settings)
    earlier = tuple(write for write in map(read, newest_first) if write is not None)
    if not any(write.is_same_visit for write in earlier):
        return None
    return Correction(earlier, elements, sent.key, _own_changes(leased))


@dataclass(frozen=True, slots=True)
class NewerAnswers:
    """The elements that the chart has from answers given after a submission's.

    `at_same_visit` were corrected there, so nothing of them is written. `at_other_visits` only
    get their Observations, and the Patient keeps the newer answer.
    """

    at_same_visit: frozenset[str]
    at_other_visits: frozenset[str]


def find_newer_answers(
    sent: SentAnswers, leased: LeasedSubmission, settings: Settings
) -> NewerAnswers:
    """Return the elements of a late submission that were answered again since."""
    same_visit, other_visits = set[str](), set[str]()
    for other in sent.others:
        if not (other.was_accepted and is_answered_later(other, leased)):
            continue
        questions = settings.question_sets.get(other.submission.question_set)
        if is_same_visit(other.submission, leased.submission, settings):
            same_visit |= stated_elements(other.submission, settings)
        else:
            other_visits |= covered_elements(other.submission, questions)
    # Of erased answers only the time of sending is known. It is soon after they were given.
    parts = (
        part for record in sent.erased_since for part in decode_prior_values(record).stated_parts
    )
    other_visits.update(*map(elements_of_part, parts))
    return NewerAnswers(frozenset(same_visit), frozenset(other_visits))


def _read_write(
    leased: LeasedSubmission, other: RelatedSubmission, *, settings: Settings
) -> EarlierWrite | None:
    """Return what another submission wrote; None if this cannot be known."""
    if other.undo_record is None:
        return None
    try:
        statement = map_submission(other.submission, settings)
    except UnknownAnswerError:
        return None
    return EarlierWrite(
        without_elements(statement, other.superseded_elements),
        stated_elements(other.submission, settings) - other.superseded_elements,
        decode_prior_values(other.undo_record).parts,
        not is_answered_later(other, leased)
        and is_same_visit(other.submission, leased.submission, settings),
    )


def _own_changes(leased: LeasedSubmission) -> tuple[ElementChange, ...]:
    record = leased.undo_record
    return () if record is None else decode_prior_values(record).parts
