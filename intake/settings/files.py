"""The shapes of the configuration files: tables and keys exactly as written."""

from dataclasses import dataclass, field

from intake.questions import Question
from intake.settings.values import AuthKind, ConflictPolicies, MappingPolicy

# A field without a default is a required key. An unknown key is a fault, so that a misspelled
# setting is never ignored.


@dataclass(frozen=True, slots=True)
class TimesTable:
    """`[times]` of intake.toml; each key's name ends in its unit."""

    draft_idle_minutes: int = 15
    kiosk_idle_seconds: int = 90
    kiosk_warning_seconds: int = 20
    kiosk_drop_minutes: int = 5
    code_minutes: int = 15
    appointment_window_hours: int = 2
    link_days: int = 7
    payload_days: int = 30
    undo_days: int = 90
    facts_days: int = 730
    audit_days: int = 2190
    staff_idle_minutes: int = 30
    staff_longest_hours: int = 12
    answered_again_days: int = 365
    declined_again_days: int = 365


@dataclass(frozen=True, slots=True)
class CommonLanguagesTable:
    """`[common_languages]` of intake.toml: ids of config/terminology/languages.json."""

    spoken: tuple[str, ...] = (
        "en",
        "es",
        "cmn",
        "yue",
        "vi",
        "ar",
        "ko",
        "tl",
        "ht",
        "ru",
        "fr",
        "pt",
        "ase",
    )
    written: tuple[str, ...] = (
        "en",
        "es",
        "zh-Hans",
        "zh-Hant",
        "vi",
        "ar",
        "ko",
        "tl",
        "ht",
        "ru",
        "fr",
        "pt",
    )


@dataclass(frozen=True, slots=True)
class ReportTable:
    """`[report]` of intake.toml."""

    exact_for: tuple[str, ...] = ("quality", "admin")


@dataclass(frozen=True, slots=True)
class ServerTable:
    """`[servers.<id>]` of intake.toml."""

    base_url: str
    us_core: str = "6.1.0"
    quirks: str = "generic"
    strategy: str = "auto"
    test_patient: str = ""
    timeout_seconds: int = 30
    workers: int = 4
    ca_file: str = ""
    certificate_file: str = ""
    certificate_key_file: str = ""
    # The keys from here on depend on `auth`; intake.toml explains each.
    auth: AuthKind = AuthKind.NONE
    username: str = ""
    secret_file: str = ""
    client_id: str = ""
    key_file: str = ""
    key_id: str = ""
    algorithm: str = "ES384"
    token_url: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntakeFile:
    """intake.toml.

    `servers` stays unread here: its tables are read one by one, so that a fault in one server does
    not hide the faults of the others.
    """

    public_url: str = ""
    data_dir: str = ""
    database: str = ""
    key_file: str = ""
    trusted_proxies: int = 0
    languages: tuple[str, ...] = ("en",)
    question_set: str = "spd15-2024"
    notice: str = "2026-11"
    asked_first_from_age: int = 12
    help_phone: str = ""
    times: TimesTable = field(default_factory=TimesTable)
    mapping: MappingPolicy = field(default_factory=MappingPolicy)
    merge: ConflictPolicies = field(default_factory=ConflictPolicies)
    common_languages: CommonLanguagesTable = field(default_factory=CommonLanguagesTable)
    report: ReportTable = field(default_factory=ReportTable)
    servers: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionSetFile:
    """questions/<name>.toml.

    A set that `extends` another one asks that set's questions, too. Its own questions stand behind
    the question `after`.
    """

    id: str
    version: str
    url: str
    questions: tuple[Question, ...]
    # Defaults: a set that stands alone.
    extends: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ClinicTable:
    """`[<clinic id>]` of clinics.toml."""

    name: str
    time_zone: str
    server: str
    organization: str
    locations: tuple[str, ...] = ()
    record_number_system: str = ""
