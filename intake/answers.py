"""What a person said of themselves: the values that travel from the screen to the outbox, as plain frozen data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import unquote_plus, urlencode
from uuid import UUID

OWN_WORDS = "own-words"
"""The write-in key of a question's free "in your own words" line; every other key is an option's id."""

MAX_WRITE_IN_LENGTH = 2000
"""Characters of a write-in at most: many times the longest name of a people or a language."""


MAX_RECORD_NUMBER_LENGTH = 80
"""Characters of a record number at most."""

_SEARCH = re.compile(
    r"Patient\?identifier=(?P<identifier>[^&]+)&birthdate=(?P<birthdate>[0-9]{4}-[0-9]{2}-[0-9]{2})"
)


class AnswerState(StrEnum):
    """How a question was answered; a question that was not asked or skipped has no Answer at all."""

    ANSWERED = "answered"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class Informant(StrEnum):
    """Who gave the answers."""

    SELF = "self"
    SELF_WITH_HELP = "self-with-help"
    GUARDIAN = "guardian"
    CAREGIVER = "caregiver"

    @property
    def is_patient(self) -> bool:
        """Whether the patient speaks themselves, be it with help."""
        return self in (Informant.SELF, Informant.SELF_WITH_HELP)


INFORMANT_RELATIONSHIPS = {
    Informant.GUARDIAN: "Parent or guardian",
    Informant.CAREGIVER: "Caregiver",
}
"""Who answers for a patient, as the record calls them."""


class Channel(StrEnum):
    """The way by which a submission came in."""

    KIOSK = "kiosk"
    LINK = "link"
    STAFF = "staff"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's answer.

    `choices` are option ids of the question set, or codes that the person picked from a search (CDCREC codes, language ids),
    in the order in which the question lists them. `write_ins` are the person's own words, kept word for word, by option id
    or `OWN_WORDS`. Both are empty unless `state` is ANSWERED.
    """

    state: AnswerState
    choices: tuple[str, ...] = ()
    write_ins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchCriteria:
    """A patient whose chart is still to be found: exactly one has to have this record number and this birth date.

    `system` says whose record numbers they are, as in a FHIR Identifier.
    """

    system: str
    record_number: str
    birth_date: date

    @property
    def reference(self) -> str:
        """The patient as a conditional reference (R4, RESTful API, transactions): `Patient?identifier=…&birthdate=…`."""
        wanted = {
            "identifier": f"{self.system}|{self.record_number}",
            "birthdate": self.birth_date.isoformat(),
        }
        return f"Patient?{urlencode(wanted)}"

    @classmethod
    def from_reference(cls, reference: str) -> "MatchCriteria | None":
        """Return whom a conditional reference seeks; None where it is none, or seeks by anything else."""
        held = _SEARCH.fullmatch(reference)
        if held is None:
            return None
        system, _, number = unquote_plus(held["identifier"]).partition("|")
        try:
            born = date.fromisoformat(held["birthdate"])
        except ValueError:
            return None
        return cls(system, number, born) if system and is_record_number(number) else None


def is_record_number(text: str) -> bool:
    """Return whether a text can be a record number: a short one, without what separates values in a FHIR search."""
    return (
        0 < len(text) <= MAX_RECORD_NUMBER_LENGTH
        and text.isprintable()
        and text == text.strip()
        and not set(text) & set("|,$\\")
    )


@dataclass(frozen=True, slots=True)
class Submission:
    """One person's answers as they were sent: the stored form, the outbox's payload and the content of ANSWERS.json.

    `patient`, `appointment` and `encounter` are relative references such as `Patient/123`; `patient` can also be that of
    somebody who is `Sought`, whose chart the worker looks up. `answered_at` is aware and carries the clinic's offset; `locale`
    is the language tag of the pages, which is never taken for a preferred language; `notice` is the version of the privacy
    notice shown. `answers` is by question id; a question that is absent was not asked or skipped.
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
