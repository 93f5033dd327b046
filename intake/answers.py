"""Answers and submissions: the frozen values between the pages and the outbox."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import unquote_plus, urlencode
from uuid import UUID

OWN_WORDS = "own-words"
"""The key of a question's "in your own words" line; every other write-in key is an option id."""

WRITE_IN = "write-in-"
"""The beginning of a write-in line's name on a form or a sheet; the option's id follows."""

MAX_WRITE_IN_LENGTH = 2000
"""Characters; many times the longest name of a people or a language."""

MAX_RECORD_NUMBER_LENGTH = 80
"""Characters."""

# The birth date ends the reference, so that nothing can be appended to a search.
_MATCH_REFERENCE = re.compile(
    r"Patient\?identifier=(?P<identifier>[^&]+)&birthdate=(?P<birthdate>[0-9]{4}-[0-9]{2}-[0-9]{2})"
)


class AnswerState(StrEnum):
    """How a question was answered; a question not asked or skipped has no Answer."""

    ANSWERED = "answered"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class Informant(StrEnum):
    """The person who gave the answers."""

    SELF = "self"
    SELF_WITH_HELP = "self-with-help"
    GUARDIAN = "guardian"
    CAREGIVER = "caregiver"

    @property
    def is_patient(self) -> bool:
        """Whether the patient answers in person, alone or with help."""
        return self in (Informant.SELF, Informant.SELF_WITH_HELP)


INFORMANT_RELATIONSHIPS = {
    Informant.GUARDIAN: "Parent or guardian",
    Informant.CAREGIVER: "Caregiver",
}
"""How the record names the relationship of an informant to the patient."""


class Channel(StrEnum):
    """How a submission was entered."""

    KIOSK = "kiosk"
    LINK = "link"
    STAFF = "staff"
    PAPER = "paper"

    @property
    def is_by_staff(self) -> bool:
        """Whether staff enter the answers that the informant gives."""
        return self in (Channel.STAFF, Channel.PAPER)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    `choices` are option ids, or codes picked from a search (CDCREC codes, language ids), in the
    question's order. `write_ins` are the patient's own words, unchanged, by option id or
    `OWN_WORDS`. Both are empty unless `state` is ANSWERED.
    """

    state: AnswerState
    choices: tuple[str, ...] = ()
    write_ins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchCriteria:
    """Criteria for patient matching: exactly one chart must have both values.

    `system` identifies the record numbers, as in a FHIR Identifier.
    """

    system: str
    record_number: str
    birth_date: date

    @property
    def reference(self) -> str:
        """The conditional reference, such as `Patient?identifier=…&birthdate=…`.

        FHIR R4 describes the form under "RESTful API, transactions".
        """
        parameters = {
            "identifier": f"{self.system}|{self.record_number}",
            "birthdate": self.birth_date.isoformat(),
        }
        return f"Patient?{urlencode(parameters)}"

    @classmethod
    def from_reference(cls, reference: str) -> "MatchCriteria | None":
        """Return the criteria in a conditional reference; None if it has any other form."""
        match = _MATCH_REFERENCE.fullmatch(reference)
        if match is None:
            return None
        system, _, number = unquote_plus(match["identifier"]).partition("|")
        # The pattern accepts impossible days such as 2026-02-31.
        try:
            birth_date = date.fromisoformat(match["birthdate"])
        except ValueError:
            return None
        return cls(system, number, birth_date) if system and is_record_number(number) else None


def is_record_number(text: str) -> bool:
    """Return whether a text can be a record number.

    It is short, printable, and has no character that separates values in a FHIR search.
    """
    # A comma, a bar, a dollar sign or a backslash would change the meaning of the search.
    return (
        0 < len(text) <= MAX_RECORD_NUMBER_LENGTH
        and text.isprintable()
        and text == text.strip()
        and not set(text) & set("|,$\\")
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """One person's finished set of answers: the outbox's payload and ANSWERS.json.

    `patient`, `appointment` and `encounter` are relative references such as `Patient/123`. For a
    patient without a known chart, `patient` is the reference of `MatchCriteria`, and the worker
    finds the chart. `answered_at` is aware and carries the clinic's offset. `locale` is the
    language tag of the pages; it never counts as a preferred language. `notice` is the version of
    the privacy notice on the page. `answers` is by question id; a question that is absent was not
    asked or skipped. `entered_by` names the member of staff who entered the answers, such as
    `Practitioner/123`, where the channel is staff or paper and the account names one.
    """

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
    answers: Mapping[str, Answer]
    appointment: str | None = None
    encounter: str | None = None
    entered_by: str | None = None
