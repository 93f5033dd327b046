"""What a configuration has to meet beyond its types; each breach is a sentence that names the key and the way out."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from fhir_client.model import US_CORE_VERSIONS, Element
from intake.questions import Question, QuestionKind, Subject
from intake.settings.composition import compose_questions
from intake.settings.files import ClinicTable, IntakeFile, QuestionSetFile, ServerTable, TimesTable
from intake.settings.values import STRATEGY_NAMES, AuthKind, QuirksProfile

AUTO_STRATEGY = "auto"
_ID = r"[A-Za-z0-9\-.]{1,64}"
_ORGANIZATION = re.compile(rf"Organization/{_ID}|[^|]*\|\S.*")
_PATIENT = re.compile(rf"Patient/{_ID}")
OF_AN_INFORMANT = (
    (QuestionKind.LANGUAGE, (Element.SPOKEN_LANGUAGE,)),
    (QuestionKind.CHOICE, (Element.INTERPRETER,)),
)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_NEEDED_FOR = {
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
    if len(set(file.languages)) != len(file.languages):
        yield f"{where}: languages: a language is named twice"
    if file.trusted_proxies < 0:
        yield f"{where}: trusted_proxies: a count, 0 or more"
    if not 1 <= file.asked_first_from_age <= 18:
        yield f"{where}: asked_first_from_age: between 1 and 18"
    if file.question_set not in question_sets:
        yield f"{where}: question_set: '{file.question_set}' is not among {', '.join(question_sets)}"
    if not file.servers:
        yield f"{where}: there is no FHIR server; add a table [servers.main] with a base_url"
    yield from _times_faults(file.times, f"{where}: times")


def find_question_set_faults(
    file: QuestionSetFile, known: Mapping[str, QuestionSetFile], where: str
) -> Iterator[str]:
    """Yield the faults of a question set beyond its shape: what it names has to be there."""
    base = known.get(file.extends)
    if file.extends and base is None:
        yield f"{where}: extends: '{file.extends}' is not among {', '.join(sorted(known))}"
    if base is not None and base.extends:
        yield f"{where}: extends: '{file.extends}' extends another set itself"
    if file.after and file.after not in {each.id for each in (base.questions if base else ())}:
        yield f"{where}: after: '{file.after}' is no question of the set that this one extends"
    earlier: dict[str, Question] = {}
    for question in compose_questions(file, known):
        if question.id in earlier:
            yield f"{where}: questions: '{question.id}' is there twice"
        yield from _subject_faults(question, where)
        wanted = question.asked_with
        if wanted is not None and (
            wanted.question not in earlier
            or earlier[wanted.question].find_option(wanted.choice) is None
        ):
            choice = f"no earlier question '{wanted.question}' has a choice '{wanted.choice}'"
            yield f"{where}: asked_with of '{question.id}': {choice}"
        earlier[question.id] = question


def _subject_faults(question: Question, where: str) -> Iterator[str]:
    if question.about is Subject.PATIENT and not question.proxy_title:
        yield f"{where}: proxy_title of '{question.id}': needed, for somebody may answer for the patient"
    if (
        question.about is Subject.INFORMANT
        and (question.kind, question.elements) not in OF_AN_INFORMANT
    ):
        yield f"{where}: about of '{question.id}': who answers is asked for spoken-language or interpreter alone"


def find_quirks_faults(profile: QuirksProfile, where: str) -> Iterator[str]:
    """Yield the faults of a profile of a kind of server."""
    for rung in profile.rungs:
        if rung not in STRATEGY_NAMES:
            yield f"{where}: rungs: '{rung}' is not among {', '.join(STRATEGY_NAMES)}"
    if not profile.rungs:
        yield f'{where}: rungs: name at least one, such as ["worklist"]'
    for url in profile.accepted_extensions:
        if not urlsplit(url).scheme:
            yield f"{where}: accepted_extensions: '{url}' is no address of an extension"
    if bool(profile.questionnaire) != bool(profile.items):
        yield f"{where}: questionnaire, items: the one is of no use without the other"
    if profile.items and not profile.own_questionnaires:
        yield f"{where}: items: of use only with own_questionnaires = true"


def find_server_faults(table: ServerTable, quirks: tuple[str, ...], where: str) -> Iterator[str]:
    """Yield the faults of one server's table."""
    yield from _url_faults(table.base_url, f"{where}: base_url")
    if table.us_core not in US_CORE_VERSIONS:
        yield f"{where}: us_core: '{table.us_core}' is not among {', '.join(US_CORE_VERSIONS)}"
    if table.quirks not in quirks:
        yield f"{where}: quirks: there is no quirks/{table.quirks}.toml; there are {', '.join(quirks)}"
    if table.strategy not in (AUTO_STRATEGY, *STRATEGY_NAMES):
        yield f"{where}: strategy: '{table.strategy}' is not among {', '.join((AUTO_STRATEGY, *STRATEGY_NAMES))}"
    if table.test_patient and not _PATIENT.fullmatch(table.test_patient):
        yield f"{where}: test_patient: a reference such as Patient/123"
    if table.timeout_seconds < 1:
        yield f"{where}: timeout_seconds: at least 1"
    if not 1 <= table.workers <= 32:
        yield f"{where}: workers: between 1 and 32"
    yield from _access_faults(table, where)


def _access_faults(table: ServerTable, where: str) -> Iterator[str]:
    for key in _NEEDED_FOR[table.auth]:
        if not getattr(table, key):
            yield f'{where}: {key}: needed for auth = "{table.auth}"'
    if table.token_url:
        yield from _url_faults(table.token_url, f"{where}: token_url")
        parts = urlsplit(table.token_url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            yield f"{where}: token_url: plain http is for this machine only; secrets must travel over https"
    if table.certificate_key_file and not table.certificate_file:
        yield f"{where}: certificate_file: needed beside certificate_key_file"
    if table.algorithm not in ("ES384", "RS384"):
        yield f"{where}: algorithm: ES384 or RS384, which SMART Backend Services name"


def find_clinic_faults(table: ClinicTable, servers: tuple[str, ...], where: str) -> Iterator[str]:
    """Yield the faults of one clinic's table."""
    if not table.name.strip():
        yield f"{where}: name: must not be empty"
    if table.time_zone not in available_timezones():
        yield f"{where}: time_zone: '{table.time_zone}' is no IANA time zone such as America/New_York"
    if table.server not in servers:
        yield f"{where}: server: '{table.server}' has no table [servers.{table.server}] in intake.toml"
    if not _ORGANIZATION.fullmatch(table.organization):
        yield f"{where}: organization: a reference such as Organization/123, or an identifier such as system|value"


def find_serving_faults(public_url: str) -> Iterator[str]:
    """Yield what keeps the pages from being served: no address, or plain http anywhere but on this machine."""
    parts = urlsplit(public_url)
    if not public_url:
        yield (
            "intake.toml: public_url: the address at which patients and staff reach the pages is needed, "
            "such as https://intake.clinic.example"
        )
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        yield "intake.toml: public_url: plain http is for this machine only; answers must travel over https"


def _url_faults(url: str, where: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield f"{where}: '{url}' is no http or https address"
    elif parts.query or parts.fragment:
        yield f"{where}: an address without ? and #"


def _times_faults(times: TimesTable, where: str) -> Iterator[str]:
    for key in TimesTable.__dataclass_fields__:
        if getattr(times, key) < 1:
            yield f"{where}: {key}: at least 1"
    if times.kiosk_warning_seconds < 20:
        yield f"{where}: kiosk_warning_seconds: at least 20, so that everyone has the time to answer (WCAG 2.2.1)"
