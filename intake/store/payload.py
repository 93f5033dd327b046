"""The stored form of a submission, which is also ANSWERS.json: strict JSON in, frozen values out, and back."""

import re
import unicodedata
from datetime import datetime
from uuid import UUID

import msgspec

from intake.answers import (
    MAX_WRITE_IN_LENGTH,
    Answer,
    AnswerState,
    Channel,
    Informant,
    MatchCriteria,
    Submission,
)

LONGEST_WORD, LONGEST_TAG, LONGEST_SEARCH = 80, 35, 2000
REFERENCE = r"[A-Za-z0-9\-.]{1,64}"
"""FHIR's rule for the id in a reference (R4, datatypes, id)."""
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class PayloadError(ValueError):
    """A submission's JSON is not what it must be; the words name the place."""


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


_decoder = msgspec.json.Decoder(SubmissionJson)
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
        )
    )


def decode_submission(raw: bytes | str) -> Submission:
    """Return the submission that JSON `raw` holds, checked; raises PayloadFault naming the place, never quoting an answer."""
    found = decode_unchecked(raw)
    check_submission(found)
    return found


def decode_unchecked(raw: bytes | str) -> Submission:
    """Return the submission that JSON `raw` holds, in its form alone: what was stored once has to be read for ever."""
    try:
        held = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # What is quoted there was said by a person, if it stands in the wrong place.
        raise PayloadError(
            re.sub(r"Invalid enum value '.*'", "Invalid value", str(error))
        ) from None
    return Submission(
        id=held.id,
        clinic=held.clinic,
        patient=held.patient,
        answered_at=held.answered_at,
        informant=held.informant,
        channel=held.channel,
        question_set=held.question_set,
        question_set_version=held.question_set_version,
        locale=held.locale,
        notice=held.notice,
        answers={
            name: Answer(each.state, each.choices, each.write_ins)
            for name, each in held.answers.items()
        },
        appointment=held.appointment,
        encounter=held.encounter,
    )


def check_submission(submission: Submission) -> None:
    """Raise PayloadFault where the submission is not what the stored form allows."""
    for key in ("clinic", "question_set", "question_set_version", "notice"):
        if not 0 < len(getattr(submission, key)) <= LONGEST_WORD:
            raise PayloadError(f"{key}: 1 to {LONGEST_WORD} characters")
    _check_patient(submission.patient)
    _check_reference(submission.appointment, "Appointment")
    _check_reference(submission.encounter, "Encounter")
    if submission.answered_at.tzinfo is None:
        raise PayloadError(
            "answered_at: a time with an offset is needed, such as 2026-11-23T10:00:00-05:00"
        )
    if len(submission.locale) > LONGEST_TAG or not _TAG.fullmatch(submission.locale):
        raise PayloadError("locale: a language tag is needed, such as es or zh-Hant")
    for name, answer in submission.answers.items():
        _check_answer(name, answer)


def _check_patient(reference: str) -> None:
    if "?" not in reference:
        _check_reference(reference, "Patient")
    elif MatchCriteria.from_reference(reference) is None or len(reference) > LONGEST_SEARCH:
        words = "Patient/123 or Patient?identifier=SYSTEM|NUMBER&birthdate=1980-05-17 is needed, URL-encoded"
        raise PayloadError(f"patient: {words}")


def _check_reference(reference: str | None, kind: str) -> None:
    if reference is not None and not re.fullmatch(f"{kind}/{REFERENCE}", reference):
        raise PayloadError(f"{kind.lower()}: a relative reference is needed, such as {kind}/123")


def _check_answer(name: str, answer: Answer) -> None:
    if answer.state is not AnswerState.ANSWERED and (answer.choices or answer.write_ins):
        raise PayloadError(
            f"answers.{name}: state '{answer.state}' goes with no choices and no write_ins"
        )
    if answer.state is AnswerState.ANSWERED and not (answer.choices or answer.write_ins):
        raise PayloadError(
            f"answers.{name}: an answered question has choices or write_ins; leave a skipped one out"
        )
    if len(set(answer.choices)) != len(answer.choices):
        raise PayloadError(f"answers.{name}.choices: a choice is named twice")
    for place, words in enumerate(answer.write_ins.values()):
        _check_words(words, f"answers.{name}.write_ins[{place}]")


def _check_words(words: str, where: str) -> None:
    if not words.strip():
        raise PayloadError(f"{where}: is empty")
    if len(words) > MAX_WRITE_IN_LENGTH:
        raise PayloadError(f"{where}: {len(words)} characters, at most {MAX_WRITE_IN_LENGTH}")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in words):
        raise PayloadError(f"{where}: has a control character")
