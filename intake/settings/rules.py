"""The rules of a configuration beyond its types; each fault has a remedy."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from fhir_client.model import US_CORE_VERSIONS, Element
from fhir_client.quirks import Quirks
from intake.questions import Question, QuestionKind, Subject
from intake.settings.composition import compose_questions
from intake.settings.faults import missing_value, wrong_value
from intake.settings.files import (
    ClinicTable,
    IntakeFile,
    QuestionSetFile,
    ReportTable,
    ServerTable,
    TimesTable,
)
from intake.settings.values import STRATEGY_NAMES, AuthKind
from intake.suggestions import suggest_word

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
_ALGORITHMS = ("ES384", "RS384")
"""The signature algorithms that SMART Backend Services name."""
_DATABASE_SCHEMES = ("sqlite", "postgresql+psycopg")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_REQUIRED_KEYS = {
    AuthKind.NONE: (),
    AuthKind.BASIC: ("username", "secret_file"),
    AuthKind.BEARER: ("secret_file",),
    AuthKind.CLIENT_SECRET: ("client_id", "secret_file"),
    AuthKind.BACKEND_SERVICES: ("client_id", "key_file"),
}


def find_intake_faults(file: IntakeFile, question_sets: Collection[str] | None) -> Iterator[str]:
    """Yield the faults of intake.toml's own keys; None means that not all sets can be read."""
    where = "intake.toml"
    if file.public_url:
        yield from find_address_faults(file.public_url, f"{where}: public_url")
    yield from _database_faults(file.database, f"{where}: database")
    yield from _language_faults(file.languages, f"{where}: languages")
    yield from _range_faults(file.trusted_proxies, 0, None, f"{where}: trusted_proxies")
    yield from _range_faults(file.asked_first_from_age, 1, 18, f"{where}: asked_first_from_age")
    if question_sets is not None and file.question_set not in question_sets:
        yield wrong_value(f"{where}: question_set", file.question_set, question_sets)
    if not file.servers:
        yield missing_value(f"{where}: servers", "a table [servers.main] with a base_url")
    yield from _report_faults(file.report, f"{where}: report")
    yield from _times_faults(file.times, f"{where}: times")


def _database_faults(url: str, where: str) -> Iterator[str]:
    if not url:
        return
    scheme, separator, _ = url.partition("://")
    # Other drivers of PostgreSQL are not tested, and SQLAlchemy takes another one without a name.
    if scheme not in _DATABASE_SCHEMES or not separator or _split_url(url) is None:
        allowed = "postgresql+psycopg://USER@HOST/NAME or sqlite:////PATH"
        if scheme.startswith("postgres"):
            allowed += "; did you mean postgresql+psycopg://?"
        yield wrong_value(where, url, allowed)


def _language_faults(languages: tuple[str, ...], where: str) -> Iterator[str]:
    if not languages:
        yield missing_value(where, 'at least one language, such as ["en"]')
    # A repeated language would be two buttons on the first page.
    for tag in sorted({tag for tag in languages if languages.count(tag) > 1}):
        yield wrong_value(where, tag, "each language once")


def _range_faults(number: int, lowest: int, highest: int | None, where: str) -> Iterator[str]:
    if number < lowest or (highest is not None and number > highest):
        allowed = f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
        yield wrong_value(where, number, allowed)


def _report_faults(table: ReportTable, where: str) -> Iterator[str]:
    for role in table.exact_for:
        if role not in REPORT_ROLES:
            yield wrong_value(f"{where}: exact_for", role, REPORT_ROLES)


def find_question_set_faults(
    file: QuestionSetFile, files: Mapping[str, QuestionSetFile], where: str
) -> Iterator[str]:
    """Yield the faults of a question set: every name in it must exist."""
    base = files.get(file.extends)
    # One level is enough for a site, and it keeps the order of the questions evident.
    if file.extends and (base is None or base.extends):
        whole_sets = sorted(set_id for set_id, other in files.items() if not other.extends)
        yield wrong_value(f"{where}: extends", file.extends, whole_sets)
    base_ids = [question.id for question in (base.questions if base else ())]
    if file.after and file.after not in base_ids:
        yield wrong_value(f"{where}: after", file.after, base_ids or 'nothing without "extends"')
    earlier: dict[str, Question] = {}
    for question in compose_questions(file, files):
        place = f"{where}: questions: {question.id}"
        if question.id in earlier:
            yield wrong_value(f"{place}: id", question.id, "each id once")
        yield from _subject_faults(question, place)
        yield from _condition_faults(question, earlier, f"{place}: asked_with")
        earlier[question.id] = question


def _condition_faults(
    question: Question, earlier: Mapping[str, Question], where: str
) -> Iterator[str]:
    condition = question.asked_with
    if condition is None:
        return
    # The route only looks back: a condition on a later question could never be met in time.
    earlier_question = earlier.get(condition.question)
    if earlier_question is None:
        yield wrong_value(f"{where}: question", condition.question, earlier)
    elif earlier_question.find_option(condition.choice) is None:
        choices = [option.id for option in earlier_question.options]
        yield wrong_value(f"{where}: choice", condition.choice, choices)


def _subject_faults(question: Question, where: str) -> Iterator[str]:
    if question.about is Subject.PATIENT and not question.proxy_title:
        yield missing_value(
            f"{where}: proxy_title", "a text, because a guardian or caregiver may answer"
        )
    if (
        question.about is Subject.INFORMANT
        and (question.kind, question.elements) not in _INFORMANT_QUESTIONS
    ):
        yield wrong_value(
            f"{where}: about",
            question.about.value,
            "patient; a question about the informant asks for spoken-language or interpreter only",
        )


def find_quirks_faults(profile: Quirks, where: str) -> Iterator[str]:
    """Yield the faults of a quirk profile."""
    for strategy in profile.write_strategies:
        if strategy not in STRATEGY_NAMES:
            yield wrong_value(f"{where}: write_strategies", strategy, STRATEGY_NAMES)
    if not profile.write_strategies:
        yield missing_value(f"{where}: write_strategies", 'at least one, such as ["worklist"]')
    # Only the scheme is checked, because extensions may also have a urn.
    for url in profile.accepted_extensions:
        if not urlsplit(url).scheme:
            yield wrong_value(f"{where}: accepted_extensions", url, "the URL of an extension")
    yield from _own_questionnaire_faults(profile, where)


def _own_questionnaire_faults(profile: Quirks, where: str) -> Iterator[str]:
    if bool(profile.questionnaire) != bool(profile.items):
        missing = "items" if profile.questionnaire else "questionnaire"
        yield missing_value(f"{where}: {missing}", "questionnaire and items, or neither")
    if profile.items and not profile.own_questionnaires:
        yield wrong_value(f"{where}: own_questionnaires", False, "true, beside items")


def find_server_faults(table: ServerTable, quirks: tuple[str, ...], where: str) -> Iterator[str]:
    """Yield the faults of one server's table."""
    yield from find_address_faults(table.base_url, f"{where}: base_url")
    choices: tuple[tuple[str, Collection[str]], ...] = (
        ("us_core", US_CORE_VERSIONS),
        ("quirks", quirks),
        ("strategy", (AUTO_STRATEGY, *STRATEGY_NAMES)),
        ("algorithm", _ALGORITHMS),
    )
    for key, allowed in choices:
        if getattr(table, key) not in allowed:
            yield wrong_value(f"{where}: {key}", getattr(table, key), allowed)
    if table.test_patient and not _PATIENT.fullmatch(table.test_patient):
        yield wrong_value(
            f"{where}: test_patient", table.test_patient, "a reference such as Patient/123"
        )
    yield from _range_faults(table.timeout_seconds, 1, None, f"{where}: timeout_seconds")
    yield from _range_faults(table.workers, 1, 32, f"{where}: workers")
    yield from _credential_faults(table, where)


def _credential_faults(table: ServerTable, where: str) -> Iterator[str]:
    for key in _REQUIRED_KEYS[table.auth]:
        if not getattr(table, key):
            yield missing_value(f"{where}: {key}", f'a text, needed for auth = "{table.auth}"')
    if table.token_url:
        yield from find_address_faults(table.token_url, f"{where}: token_url")
        yield from _plain_http_faults(table.token_url, f"{where}: token_url")
    if table.certificate_key_file and not table.certificate_file:
        yield missing_value(
            f"{where}: certificate_file", "a path, needed beside certificate_key_file"
        )


def find_clinic_faults(table: ClinicTable, servers: tuple[str, ...], where: str) -> Iterator[str]:
    """Yield the faults of one clinic's table."""
    if not table.name.strip():
        yield wrong_value(f"{where}: name", table.name, "the clinic's name")
    yield from find_time_zone_faults(table.time_zone, f"{where}: time_zone")
    if table.server not in servers:
        # A site without a server has a fault of its own for that.
        allowed_servers = servers or "a table [servers.…] of intake.toml"
        yield wrong_value(f"{where}: server", table.server, allowed_servers)
    yield from find_organization_faults(table.organization, f"{where}: organization")


def find_organization_faults(reference: str, where: str) -> Iterator[str]:
    """Yield the fault of a text that is no reference or identifier of an Organization."""
    if not _ORGANIZATION.fullmatch(reference):
        allowed = "a reference such as Organization/123, or an identifier such as system|value"
        yield wrong_value(where, reference, allowed)


def find_time_zone_faults(zone: str, where: str) -> Iterator[str]:
    """Yield the fault of a time zone that the IANA does not name."""
    zones = _list_time_zones()
    if zone not in zones:
        allowed = "an IANA time zone, such as America/New_York"
        meant = suggest_word(zone, zones)
        yield wrong_value(where, zone, f"{allowed}; did you mean {meant}?" if meant else allowed)


@cache
def _list_time_zones() -> frozenset[str]:
    # The list is read from hundreds of files, so one process reads it once.
    return frozenset(available_timezones())


def find_serving_faults(public_url: str) -> Iterator[str]:
    """Yield the faults of the public URL that keep the pages from being served.

    The URL is required, and plain http is allowed on a loopback address only.
    """
    where = "intake.toml: public_url"
    if not public_url:
        yield missing_value(
            where,
            "the address at which patients and staff reach the pages, "
            "such as https://intake.clinic.example",
        )
    yield from _plain_http_faults(public_url, where)


def _plain_http_faults(url: str, where: str) -> Iterator[str]:
    parts = urlsplit(url)
    # Answers and secrets must not travel in the clear.
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        yield wrong_value(where, url, "https; plain http is for this machine only")


def find_address_faults(url: str, where: str) -> Iterator[str]:
    """Yield the faults of an http or https address."""
    parts = _split_url(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        yield wrong_value(where, url, "an http or https address")
    elif parts.query or parts.fragment:
        yield wrong_value(where, url, "an address without ? and #")


def _split_url(url: str) -> SplitResult | None:
    """Return the parts of an address, or None for one that cannot be split."""
    try:
        parts = urlsplit(url)
        # Reading the port fails for a port that is no number.
        _ = parts.port
    except ValueError:
        return None
    return parts


def _times_faults(times: TimesTable, where: str) -> Iterator[str]:
    # Zero would end a draft, a code or a link in the moment in which it begins. The countdown is
    # long enough for everyone to answer (WCAG 2.2.1).
    lowest = {"kiosk_warning_seconds": 20}
    for key in TimesTable.__dataclass_fields__:
        yield from _range_faults(getattr(times, key), lowest.get(key, 1), None, f"{where}: {key}")
