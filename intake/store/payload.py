"""The stored form of a submission, which is also ANSWERS.json: strict JSON to and from values."""

import re
import unicodedata
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from fhir_client.text import has_visible_character
from intake.answers import (
    MAX_WRITE_IN_LENGTH,
    Answer,
    AnswerState,
    Channel,
    Informant,
    MatchCriteria,
    Submission,
)

MAX_WORD_LENGTH, MAX_TAG_LENGTH, MAX_SEARCH_LENGTH = 80, 35, 2000
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years of answers and births. Others are typing errors, and no server stores all of them."""
MAX_OFFSET = timedelta(hours=14)
"""FHIR's limit of an offset (R4, datatypes, dateTime)."""
REFERENCE = r"[A-Za-z0-9\-.]{1,64}"
"""FHIR's rule for the id in a reference (R4, datatypes, id)."""
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class PayloadError(ValueError):
    """A submission's JSON breaks a rule; the message names the place and never quotes an answer."""


class AnswerJson(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One answer as JSON."""

    state: AnswerState
    choices: tuple[str, ...] = ()
    write_ins: dict[str, str] = {}


class SubmissionJson(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One submission as JSON."""

    id: UUID
    clinic: str
    patient: str
    answered_at: datetime
    informant: Informant
    channel: Channel
    question_set: str
    question_set_version: str
    locale: str
    notice: str
    answers: dict[str, AnswerJson]
    appointment: str | None = None
    encounter: str | None = None
    entered_by: str | None = None


_decoder = msgspec.json.Decoder(SubmissionJson)
# Sorted, because the outbox compares submissions by a hash of these bytes.
_encoder = msgspec.json.Encoder(order="sorted")


def encode_submission(submission: Submission) -> bytes:
    """Return the submission as JSON; equal submissions give equal bytes."""
    answers = {
        name: AnswerJson(answer.state, answer.choices, dict(answer.write_ins))
        for name, answer in submission.answers.items()
    }
    return _encoder.encode(
        SubmissionJson(
            id=submission.id,
            clinic=submission.clinic,
            patient=submission.patient,
            answered_at=submission.answered_at,
            informant=submission.informant,
            channel=submission.channel,
            question_set=submission.question_set,
            question_set_version=submission.question_set_version,
            locale=submission.locale,
            notice=submission.notice,
            answers=answers,
            appointment=submission.appointment,
            encounter=submission.encounter,
            entered_by=submission.entered_by,
        )
    )


def decode_submission(raw: bytes | str) -> Submission:
    """Return the submission in the JSON `raw`, checked; raises PayloadError."""
    submission = decode_unchecked(raw)
    check_submission(submission)
    return submission


def decode_unchecked(raw: bytes | str) -> Submission:
    """Return the submission in the JSON `raw`, checked only in its form; raises PayloadError.

    What was stored once must stay readable, even if a later version checks more strictly.
    """
    try:
        stored = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # An answer in the wrong place would be quoted in the message, and so reach a log.
        message = re.sub(r"Invalid enum value '.*'", "Invalid value", str(error))
        raise PayloadError(message) from None
    return Submission(
        id=stored.id,
        clinic=stored.clinic,
        patient=stored.patient,
        answered_at=stored.answered_at,
        informant=stored.informant,
        channel=stored.channel,
        question_set=stored.question_set,
        question_set_version=stored.question_set_version,
        locale=stored.locale,
        notice=stored.notice,
        answers={
            name: Answer(answer.state, answer.choices, answer.write_ins)
            for name, answer in stored.answers.items()
        },
        appointment=stored.appointment,
        encounter=stored.encounter,
        entered_by=stored.entered_by,
    )


def check_submission(submission: Submission) -> None:
    """Raise PayloadError if the submission breaks a rule of the stored form."""
    for key in ("clinic", "question_set", "question_set_version", "notice"):
        if not 0 < len(getattr(submission, key)) <= MAX_WORD_LENGTH:
            raise PayloadError(f"{key}: 1 to {MAX_WORD_LENGTH} characters")
    _check_patient(submission.patient, submission.answered_at)
    _check_reference(submission.appointment, "Appointment")
    _check_reference(submission.encounter, "Encounter")
    _check_reference(submission.entered_by, "Practitioner", "entered_by")
    if submission.entered_by is not None and not submission.channel.is_by_staff:
        raise PayloadError("entered_by: goes with the channel staff or paper")
    _check_answered_at(submission.answered_at)
    if len(submission.locale) > MAX_TAG_LENGTH or not _TAG.fullmatch(submission.locale):
        raise PayloadError("locale: a language tag is needed, such as es or zh-Hant")
    for name, answer in submission.answers.items():
        _check_answer(name, answer)


def _check_answered_at(answered_at: datetime) -> None:
    offset = answered_at.utcoffset()
    # Without the offset, the day of the answers in the clinic is a guess.
    if offset is None:
        raise PayloadError(
            "answered_at: a time with an offset is needed, such as 2026-11-23T10:00:00-05:00"
        )
    # A server refuses such a time forever, so that it may not enter the outbox.
    if abs(offset) > MAX_OFFSET or offset % timedelta(minutes=1):
        raise PayloadError(
            "answered_at: the offset has whole minutes and lies between -14:00 and +14:00"
        )
    if not FIRST_YEAR <= answered_at.year <= LAST_YEAR:
        raise PayloadError(f"answered_at: the year lies between {FIRST_YEAR} and {LAST_YEAR}")


def _check_patient(reference: str, answered_at: datetime) -> None:
    # A reference with a query is a search for a chart that patient matching still has to find.
    if "?" not in reference:
        _check_reference(reference, "Patient")
        return
    criteria = MatchCriteria.from_reference(reference)
    if criteria is None or len(reference) > MAX_SEARCH_LENGTH:
        raise PayloadError(
            "patient: Patient/123 or Patient?identifier=SYSTEM|NUMBER&birthdate=1980-05-17 "
            "is needed, URL-encoded"
        )
    if criteria.birth_date.year < FIRST_YEAR or criteria.birth_date > answered_at.date():
        raise PayloadError(
            f"patient: the birth date lies between {FIRST_YEAR} and the day of the answers"
        )


def _check_reference(reference: str | None, kind: str, key: str = "") -> None:
    if reference is not None and not re.fullmatch(f"{kind}/{REFERENCE}", reference):
        where = key or kind.lower()
        raise PayloadError(f"{where}: a relative reference is needed, such as {kind}/123")


def _check_answer(name: str, answer: Answer) -> None:
    # Declined with a choice would be two states at once, and each reader would pick another.
    if answer.state is not AnswerState.ANSWERED and (answer.choices or answer.write_ins):
        raise PayloadError(
            f"answers.{name}: state '{answer.state}' goes with no choices and no write_ins"
        )
    if answer.state is AnswerState.ANSWERED and not (answer.choices or answer.write_ins):
        raise PayloadError(
            f"answers.{name}: an answered question has choices or write_ins; "
            "leave a skipped one out"
        )
    # A repeated choice would be written to the chart and counted twice.
    if len(set(answer.choices)) != len(answer.choices):
        raise PayloadError(f"answers.{name}.choices: a choice is named twice")
    for place, words in enumerate(answer.write_ins.values()):
        _check_words(words, f"answers.{name}.write_ins[{place}]")


def _check_words(words: str, where: str) -> None:
    if not words.strip():
        raise PayloadError(f"{where}: is empty")
    if len(words) > MAX_WRITE_IN_LENGTH:
        raise PayloadError(f"{where}: {len(words)} characters, at most {MAX_WRITE_IN_LENGTH}")
    # Lone surrogates cannot be stored as UTF-8, and control characters corrupt logs and files.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in words):
        raise PayloadError(f"{where}: has a control character")
    # The chart would state an answer that no reader can see.
    if not has_visible_character(words):
        raise PayloadError(f"{where}: has no visible character")
