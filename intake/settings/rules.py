"""The rules of a configuration beyond its types; each fault has a remedy."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from fhir_client.model import US_CORE_VERSIONS, Element
from fhir_client.quirks import Quirks
from intake.questions import Question, QuestionKind, Subject
from intake.settings.composition import compose_questions
from intake.settings.files import (
    ClinicTable,
    IntakeFile,
    QuestionSetFile,
    ReportTable,
    ServerTable,
    TimesTable,
)
from intake.settings.values import STRATEGY_NAMES, AuthKind

REPORT_ROLES = ("quality", "admin")
"""The staff roles that open the report."""
AUTO_STRATEGY = "auto"
# The id of a FHIR R4 resource (R4, Data Types, id).
_ID = r"[A-Za-z0-9\-.]{1,64}"
_ORGANIZATION = re.compile(rf"Organization/{_ID}|[^|]*\|\S.*")
_PATIENT = re.compile(rf"Patient/{_ID}")
_INFORMANT_QUESTIONS = (
    (QuestionKind.LANGUAGE, (Element.SPOKEN_LANGUAGE,)),
    (QuestionKind.CHOICE, (Element.INTERPRETER,)),
)
"""The kinds and elements of questions about the informant; the front desk shows these answers."""
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_REQUIRED_KEYS = {
    AuthKind.NONE: (),
    AuthKind.BASIC: ("username", "secret_file"),
    AuthKind.BEARER: ("secret_file",),
    AuthKind.CLIENT_SECRET: ("client_id", "secret_file"),
    AuthKind.BACKEND_SERVICES: ("client_id", "key_file"),
}


def find_intake_faults(file: IntakeFile, question_sets: tuple[str, ...]) -> Iterator[str]:
    """Yield the faults of intake.toml's own keys."""
    where = "intake.toml"
    if file.public_url:
        yield from _url_faults(file.public_url, f"{where}: public_url")
    if not file.languages:
        yield f'{where}: languages: name at least one, such as ["en"]'
    # A repeated language would be two buttons on the first page.
    if len(set(file.languages)) != len(file.languages):
        yield f"{where}: languages: a language is named twice"
    if file.trusted_proxies < 0:
        yield f"{where}: trusted_proxies: a count, 0 or more"
    if not 1 <= file.asked_first_from_age <= 18:
        yield f"{where}: asked_first_from_age: between 1 and 18"
    if file.question_set not in question_sets:
        allowed = ", ".join(question_sets)
        yield f"{where}: question_set: '{file.question_set}' is not among {allowed}"
    if not file.servers:
        yield f"{where}: there is no FHIR server; add a table [servers.main] with a base_url"
    yield from _report_faults(file.report, f"{where}: report")
    yield from _times_faults(file.times, f"{where}: times")


def _report_faults(table: ReportTable, where: str) -> Iterator[str]:
    for role in table.exact_for:
        if role not in REPORT_ROLES:
            yield f"{where}: exact_for: '{role}' is not among {', '.join(REPORT_ROLES)}"


def find_question_set_faults(
    file: QuestionSetFile, files: Mapping[str, QuestionSetFile], where: str
) -> Iterator[str]:
    """Yield the faults of a question set: every name in it must exist."""
    base = files.get(file.extends)
    if file.extends and base is None:
        yield f"{where}: extends: '{file.extends}' is not among {', '.join(sorted(files))}"
    # One level is enough for a site, and it keeps the order of the questions evident.
    if base is not None and base.extends:
        yield f"{where}: extends: '{file.extends}' extends another set itself"
    if file.after and file.after not in {
        question.id for question in (base.questions if base else ())
    }:
        yield f"{where}: after: '{file.after}' is no question of the set that this one extends"
    earlier: dict[str, Question] = {}
    for question in compose_questions(file, files):
        if question.id in earlier:
            yield f"{where}: questions: '{question.id}' is there twice"
        yield from _subject_faults(question, where)
        yield from _condition_faults(question, earlier, where)
        earlier[question.id] = question


def _condition_faults(
    question: Question, earlier: Mapping[str, Question], where: str
) -> Iterator[str]:
    condition = question.asked_with
    if condition is None:
        return
    # The route only looks back: a condition on a later question could never be met in time.
    earlier_question = earlier.get(condition.question)
    if earlier_question is None or earlier_question.find_option(condition.choice) is None:
        yield (
            f"{where}: asked_with of '{question.id}': no earlier question "
            f"'{condition.question}' has a choice '{condition.choice}'"
        )


def _subject_faults(question: Question, where: str) -> Iterator[str]:
    if question.about is Subject.PATIENT and not question.proxy_title:
        yield (
            f"{where}: proxy_title of '{question.id}': "
            "needed, because a guardian or caregiver may answer"
        )
    if (
        question.about is Subject.INFORMANT
        and (question.kind, question.elements) not in _INFORMANT_QUESTIONS
    ):
        yield (
            f"{where}: about of '{question.id}': "
            "a question about the informant asks for spoken-language or interpreter only"
        )


def find_quirks_faults(profile: Quirks, where: str) -> Iterator[str]:
    """Yield the faults of a quirk profile."""
    for strategy in profile.write_strategies:
        if strategy not in STRATEGY_NAMES:
            allowed = ", ".join(STRATEGY_NAMES)
            yield f"{where}: write_strategies: '{strategy}' is not among {allowed}"
    if not profile.write_strategies:
        yield f'{where}: write_strategies: name at least one, such as ["worklist"]'
    # Only the scheme is checked, because extensions may also have a urn.
    for url in profile.accepted_extensions:
        if not urlsplit(url).scheme:
            yield f"{where}: accepted_extensions: '{url}' is no address of an extension"
    if bool(profile.questionnaire) != bool(profile.items):
        yield f"{where}: questionnaire, items: each of the two needs the other"
    if profile.items and not profile.own_questionnaires:
        yield f"{where}: items: has an effect only with own_questionnaires = true"


def find_server_faults(table: ServerTable, quirks: tuple[str, ...], where: str) -> Iterator[str]:
    """Yield the faults of one server's table."""
    yield from _url_faults(table.base_url, f"{where}: base_url")
    if table.us_core not in US_CORE_VERSIONS:
        allowed = ", ".join(US_CORE_VERSIONS)
        yield f"{where}: us_core: '{table.us_core}' is not among {allowed}"
    if table.quirks not in quirks:
        profiles = ", ".join(quirks)
        yield f"{where}: quirks: there is no quirks/{table.quirks}.toml; there are {profiles}"
    if table.strategy not in (AUTO_STRATEGY, *STRATEGY_NAMES):
        allowed = ", ".join((AUTO_STRATEGY, *STRATEGY_NAMES))
        yield f"{where}: strategy: '{table.strategy}' is not among {allowed}"
    if table.test_patient and not _PATIENT.fullmatch(table.test_patient):
        yield f"{where}: test_patient: a reference such as Patient/123"
    if table.timeout_seconds < 1:
        yield f"{where}: timeout_seconds: at least 1"
    if not 1 <= table.workers <= 32:
        yield f"{where}: workers: between 1 and 32"
    yield from _credential_faults(table, where)


def _credential_faults(table: ServerTable, where: str) -> Iterator[str]:
    for key in _REQUIRED_KEYS[table.auth]:
        if not getattr(table, key):
            yield f'{where}: {key}: needed for auth = "{table.auth}"'
    if table.token_url:
        yield from _url_faults(table.token_url, f"{where}: token_url")
        parts = urlsplit(table.token_url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            yield (
                f"{where}: token_url: plain http is for this machine only; "
                "secrets must travel over https"
            )
    if table.certificate_key_file and not table.certificate_file:
        yield f"{where}: certificate_file: needed beside certificate_key_file"
    if table.algorithm not in ("ES384", "RS384"):
        yield f"{where}: algorithm: ES384 or RS384, which SMART Backend Services name"


def find_clinic_faults(table: ClinicTable, servers: tuple[str, ...], where: str) -> Iterator[str]:
    """Yield the faults of one clinic's table."""
    if not table.name.strip():
        yield f"{where}: name: must not be empty"
    if table.time_zone not in available_timezones():
        yield (
            f"{where}: time_zone: '{table.time_zone}' is no IANA time zone such as America/New_York"
        )
    if table.server not in servers:
        yield (
            f"{where}: server: '{table.server}' has no table "
            f"[servers.{table.server}] in intake.toml"
        )
    if not _ORGANIZATION.fullmatch(table.organization):
        yield (
            f"{where}: organization: a reference such as Organization/123, "
            "or an identifier such as system|value"
        )


def find_serving_faults(public_url: str) -> Iterator[str]:
    """Yield the faults of the public URL that keep the pages from being served.

    The URL is required, and plain http is allowed on a loopback address only.
    """
    parts = urlsplit(public_url)
    if not public_url:
        yield (
            "intake.toml: public_url: the address at which patients and staff reach the pages "
            "is needed, such as https://intake.clinic.example"
        )
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        yield (
            "intake.toml: public_url: plain http is for this machine only; "
            "answers must travel over https"
        )


def _url_faults(url: str, where: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield f"{where}: '{url}' is no http or https address"
    elif parts.query or parts.fragment:
        yield f"{where}: an address without ? and #"


def _times_faults(times: TimesTable, where: str) -> Iterator[str]:
    # Zero would end a draft, a code or a link in the moment in which it begins.
    for key in TimesTable.__dataclass_fields__:
        if getattr(times, key) < 1:
            yield f"{where}: {key}: at least 1"
    if times.kiosk_warning_seconds < 20:
        yield (
            f"{where}: kiosk_warning_seconds: at least 20, "
            "so that everyone has the time to answer (WCAG 2.2.1)"
        )
