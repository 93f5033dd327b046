"""The settings as frozen, checked values, with resolved paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from fhir_client.model import Element, UntouchedChoice, WriteStrategyKind
from fhir_client.quirks import Quirks
from intake.answers import AnswerState
from intake.questions import QuestionSet


class AuthKind(StrEnum):
    """How intake authenticates itself to a FHIR server."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"
    CLIENT_SECRET = "client-secret"
    BACKEND_SERVICES = "backend-services"


@dataclass(frozen=True, slots=True)
class Auth:
    """The means of authentication.

    Secrets stay in their files; a FHIR client reads them when it is made.
    """

    # A text is "" if this kind of authentication does not use it.
    kind: AuthKind
    username: str
    secret_file: Path | None
    client_id: str
    key_file: Path | None
    key_id: str
    algorithm: str
    token_url: str
    scopes: tuple[str, ...]


# The order is that of the enum, so that lists on pages begin with the safest.
STRATEGY_DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        WriteStrategyKind.TRANSACTION: "as one transaction: all of a submission, or nothing",
        WriteStrategyKind.PATCH: "part by part, the chart by a JSON Patch",
        WriteStrategyKind.PUT: "part by part, the chart as a whole with If-Match",
        WriteStrategyKind.OBSERVATIONS: "as Observations alone; the chart itself is not changed",
        WriteStrategyKind.QUESTIONNAIRE_RESPONSE: (
            "as QuestionnaireResponses alone; the chart itself is not changed"
        ),
        WriteStrategyKind.DOCUMENT: "as documents alone; the chart itself is not changed",
        WriteStrategyKind.WORKLIST: "by hand: every submission is held, and staff type it",
    }
)
"""What each write strategy means, in words for staff."""
STRATEGY_NAMES = tuple(kind.value for kind in WriteStrategyKind)


@dataclass(frozen=True, slots=True)
class Server:
    """One FHIR server.

    `base_url` has no slash at its end, and `timeout` is for one request. `strategy` is a write
    strategy, or "auto": capability negotiation then chooses the safest one. A write test may write
    to `test_patient` only, a reference; without one ("") it may not write.

    `certificate_file` is our client certificate for mutual TLS. Without `certificate_key_file` its
    key is in the same file.
    """

    id: str
    base_url: str
    us_core: str
    quirks: str
    timeout: timedelta
    auth: Auth
    ca_file: Path | None
    workers: int
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None
    strategy: str = "auto"
    test_patient: str = ""


@dataclass(frozen=True, slots=True)
class Clinic:
    """One clinic; its references are those of its FHIR server, `server`."""

    id: str
    name: str
    time_zone: ZoneInfo
    server: str
    organization: str
    locations: tuple[str, ...]
    record_number_system: str


@dataclass(frozen=True, slots=True)
class Times:
    """How long the application keeps or waits for things."""

    # A draft on a phone, and on a tablet: idle question, its countdown, and the end without script.
    draft_idle: timedelta
    kiosk_idle: timedelta
    kiosk_warning: timedelta
    kiosk_drop: timedelta
    code: timedelta
    appointment_window: timedelta
    link: timedelta
    # How long the store keeps answers, prior values and audit entries.
    payload: timedelta
    undo: timedelta
    facts: timedelta
    audit: timedelta
    staff_idle: timedelta
    staff_longest: timedelta
    reask_after: Mapping[AnswerState, timedelta]
    """The re-ask interval after an answer of that state; other states are asked at each visit."""


@dataclass(frozen=True, slots=True)
class MappingPolicy:
    """A site's switches for the mapping to FHIR; all are off by default.

    `mena_rolls_up_to_white` sends the OMB category White for Middle Eastern or North African.
    `infer_not_hispanic` sends "not Hispanic" for a Hispanic box left empty. `decline_erases` lets
    a declined answer erase the chart's value.
    """

    mena_rolls_up_to_white: bool = False
    infer_not_hispanic: bool = False
    decline_erases: bool = False


class ConflictPolicy(StrEnum):
    """How a conflict between the answer and another author's value is resolved."""

    REVIEW = "review"
    PERSON = "person"
    CHART = "chart"


@dataclass(frozen=True, slots=True)
class ConflictPolicies:
    """The conflict policy of each element.

    `untouched` is for a chart value that a combined question left untouched.
    """

    # The field names are the keys of [merge]; each is an element with underscores.
    race: ConflictPolicy = ConflictPolicy.REVIEW
    ethnicity: ConflictPolicy = ConflictPolicy.REVIEW
    spoken_language: ConflictPolicy = ConflictPolicy.REVIEW
    written_language: ConflictPolicy = ConflictPolicy.REVIEW
    interpreter: ConflictPolicy = ConflictPolicy.REVIEW
    tribal_affiliation: ConflictPolicy = ConflictPolicy.REVIEW
    untouched: UntouchedChoice = UntouchedChoice.KEEP

    def policy_for(self, element: str) -> ConflictPolicy:
        """Return the policy of an element by its name, such as `spoken-language`."""
        policy: ConflictPolicy = getattr(self, element.replace("-", "_"))
        return policy


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation.

    `directory` is the site's folder; None means the shipped configuration alone.
    `common_languages` are, by element, the ids of the languages that a question lists before any
    search. A patient of `asked_first_from_age` years or older is asked before a parent; with 18
    there is no such patient. Help at home names `help_phone`, unless it is empty.
    """

    directory: Path | None
    public_url: str
    data_dir: Path
    database_url: str
    key_file: Path
    trusted_proxies: int
    languages: tuple[str, ...]
    question_set: QuestionSet
    question_sets: Mapping[str, QuestionSet]
    notice: str
    asked_first_from_age: int
    help_phone: str
    times: Times
    mapping: MappingPolicy
    merge: ConflictPolicies
    common_languages: Mapping[Element, tuple[str, ...]]
    servers: Mapping[str, Server]
    clinics: Mapping[str, Clinic]
    exact_for: frozenset[str] = frozenset({"quality", "admin"})
    """The staff roles that see the report's internal edition."""
    quirks: Mapping[str, Quirks] = field(default_factory=dict)

    @property
    def time_zone(self) -> ZoneInfo:
        """The first clinic's time zone, for days of all clinics, as in the report."""
        return next(iter(self.clinics.values())).time_zone

    @property
    def is_https(self) -> bool:
        """Whether patients and staff reach the pages over https.

        Cookies are then Secure, and every response has HSTS.
        """
        return self.public_url.startswith("https://")
