"""The settings as the rooms read them: frozen values, checked, with durations as timedeltas and paths resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from fhir_client.model import Element
from intake.answers import AnswerState
from intake.questions import QuestionSet


class AuthKind(StrEnum):
    """How a FHIR server knows us."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"
    CLIENT_SECRET = "client-secret"
    BACKEND_SERVICES = "backend-services"


@dataclass(frozen=True, slots=True)
class Auth:
    """The means of authentication; secrets stay in files, which are read when a client is made."""

    kind: AuthKind
    username: str
    secret_file: Path | None
    client_id: str
    key_file: Path | None
    key_id: str
    algorithm: str
    token_url: str
    scopes: tuple[str, ...]


STRATEGY_DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "transaction": "as one transaction: all of a submission, or nothing",
        "patch": "part by part, the chart by a JSON Patch",
        "put": "part by part, the chart as a whole with If-Match",
        "observations": "as Observations alone; the chart itself is not changed",
        "questionnaire-response": "as QuestionnaireResponses alone; the chart itself is not changed",
        "document": "as documents alone; the chart itself is not changed",
        "worklist": "by nobody but a person: every submission is held for staff, who type it",
    }
)
"""The rungs of the ladder, the ways to write to a server, the safest first, and what each means in words."""
STRATEGY_NAMES = tuple(STRATEGY_DESCRIPTIONS)


@dataclass(frozen=True, slots=True)
class QuirksProfile:
    """quirks/<name>.toml: how a kind of server differs from FHIR; each key is explained in quirks/generic.toml."""

    rungs: tuple[str, ...] = STRATEGY_NAMES
    conditional_create: bool = True
    batch: bool = True
    accepted_extensions: tuple[str, ...] = ()
    replaces_extensions: bool = False
    patch_tests: bool = True
    search_lag_seconds: int = 0
    one_communication: bool = False
    own_questionnaires: bool = False
    questionnaire: str = ""
    items: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """One FHIR server. `base_url` has no slash at its end; `timeout` is for one request.

    `strategy` is the rung that it is written by, "auto" for the highest that it offers and its quirks allow. `test_patient`
    is the reference of the one Patient that a write test may write to, "" for none.

    `certificate_file` is what we show of ourselves (mutual TLS); without `certificate_key_file` its key is in the same file.
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
    """One clinic; `server` is the id of its FHIR server, references are as that server knows them."""

    id: str
    name: str
    time_zone: ZoneInfo
    server: str
    organization: str
    locations: tuple[str, ...]
    record_number_system: str


@dataclass(frozen=True, slots=True)
class Times:
    """How long things are kept or wait."""

    draft_idle: timedelta
    kiosk_idle: timedelta
    kiosk_warning: timedelta
    kiosk_drop: timedelta
    code: timedelta
    appointment_window: timedelta
    link: timedelta
    payload: timedelta
    undo: timedelta
    audit: timedelta
    staff_idle: timedelta
    staff_longest: timedelta
    reask_after: Mapping[AnswerState, timedelta]
    """How long a person is not asked again who answered, or would rather not say."""


@dataclass(frozen=True, slots=True)
class MappingPolicy:
    """A site's switches for the mapping to FHIR, all off unless the site turns them on (FHIR.md, sections 2 and 5)."""

    mena_rolls_up_to_white: bool = False
    infer_not_hispanic: bool = False
    decline_erases: bool = False


class ConflictPolicy(StrEnum):
    """What becomes of an element that the person says otherwise than somebody else has put into the chart."""

    REVIEW = "review"
    PERSON = "person"
    CHART = "chart"


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """Per element, who decides where chart and person differ and neither plainly gives way (FHIR.md, section 6)."""

    race: ConflictPolicy = ConflictPolicy.REVIEW
    ethnicity: ConflictPolicy = ConflictPolicy.REVIEW
    spoken_language: ConflictPolicy = ConflictPolicy.REVIEW
    written_language: ConflictPolicy = ConflictPolicy.REVIEW
    interpreter: ConflictPolicy = ConflictPolicy.REVIEW
    tribal_affiliation: ConflictPolicy = ConflictPolicy.REVIEW

    def policy_for(self, element: str) -> ConflictPolicy:
        """Return the policy of an element by its name, such as `spoken-language`."""
        found: ConflictPolicy = getattr(self, element.replace("-", "_"))
        return found


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation. `directory` is the site's folder, None where only the shipped one is read.

    `common_languages` are the ids of the languages that a question shows before anybody searches, by its element.
    `asked_first_from_age` are the years from which a young person is asked before a parent; 18 asks nobody before.
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
    times: Times
    mapping: MappingPolicy
    merge: MergePolicy
    common_languages: Mapping[Element, tuple[str, ...]]
    servers: Mapping[str, Server]
    clinics: Mapping[str, Clinic]
    quirks: Mapping[str, QuirksProfile] = field(default_factory=dict)

    @property
    def time_zone(self) -> ZoneInfo:
        """The first clinic's, in which the days of all together begin and end, such as the report's."""
        return next(iter(self.clinics.values())).time_zone

    @property
    def is_https(self) -> bool:
        """Whether the pages are reached over https, which makes cookies Secure and sends HSTS."""
        return self.public_url.startswith("https://")
