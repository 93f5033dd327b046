"""The write test: answers of nobody's, to the test patient that the site names, by the rung that all others are written by."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from uuid import uuid4

from fhir_client.capabilities import Capabilities
from fhir_client.client import FhirClient
from fhir_client.errors import FhirError, GoneError, ManualEntryError, RefusedError, ServerError
from fhir_client.model import Json, WriteStrategyKind
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import NoVersionError
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.strategy import WriteStrategy
from fhir_client.write.task import Writer
from fhir_client.write.validation import InvalidBundleError
from fhir_client.write.write_test import WriteTestResult, run_write_test
from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.clock import Clock
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.strategy import build_writer, negotiate_strategy, pin_strategy, read_pin
from intake.mapping.site_mapping import map_submission as said_by
from intake.questions import Question, QuestionKind
from intake.settings import Server, Settings
from intake.settings.rules import AUTO_STRATEGY
from intake.store.database import Database

LANGUAGES = ("en", "es")
"""Two, so that one of them is not what the test patient's chart says already."""


@dataclass(frozen=True, slots=True)
class WriteTestContext:
    """What a write test is made with."""

    about: str
    server: Server
    settings: Settings
    client: FhirClient
    database: Database
    clock: Clock


def check_by_writing(
    bed: WriteTestContext, said: Capabilities, strategy: WriteStrategy, *, anew: bool
) -> Generator[Finding, None, WriteStrategy]:
    """Yield how a write test goes, and return how the server is written to after it.

    Where the rung is neither pinned nor named in the settings, or is to be found `anew`, a test that fails leads on to the
    next rung; the one by which it goes through is pinned.
    """
    fixed = bed.server.strategy != AUTO_STRATEGY or (
        not anew and read_pin(bed.server, bed.settings, bed.database) is not None
    )
    patient = yield from _patient(bed)
    failed: list[WriteStrategyKind] = []
    while patient is not None and strategy.kind is not WriteStrategyKind.WORKLIST:
        passed, leads_on = yield from _tried(bed, strategy, patient)
        if passed:
            pin_strategy(bed.server, bed.settings, bed.database, strategy, proven=True)
            return strategy
        if fixed or not leads_on:
            return strategy
        failed.append(strategy.kind)
        strategy = negotiate_strategy(said, bed.server, bed.settings, failed)
        patient = yield from _patient(bed)
    if strategy.kind is WriteStrategyKind.WORKLIST:
        yield unknown_finding(
            bed.about, "a worklist cannot be tested: a person types what is on it"
        )
    return strategy


def _patient(bed: WriteTestContext) -> Generator[Finding, None, Json | None]:
    """Return the test patient that the site names; nobody else is ever written to."""
    table = f"[servers.{bed.server.id}] in intake.toml"
    named = bed.server.test_patient
    if not named:
        yield wrong_finding(
            bed.about,
            "no write test: the site names no test patient",
            f"Name one as test_patient in {table}.",
        )
        return None
    try:
        found = bed.client.read(named)
    except GoneError:
        found = {}
    if f"{found.get('resourceType')}/{found.get('id')}" != named:
        yield wrong_finding(
            bed.about,
            f"no write test: the server has no {named}",
            f"Correct test_patient in {table}.",
        )
        return None
    if found.get("link") or found.get("active") is False:
        words = f"no write test: {named} is inactive, or linked to another chart"
        yield wrong_finding(
            bed.about,
            words,
            f"Name one as test_patient in {table} that is a test patient and nothing else.",
        )
        return None
    return found


def _tried(
    bed: WriteTestContext, strategy: WriteStrategy, patient: Json
) -> Generator[Finding, None, tuple[bool, bool]]:
    """Try it once; return whether it went through, and if not, whether another rung may."""
    by = build_writer(bed.server, bed.settings, strategy)
    try:
        trial = run_write_test(bed.client, by, _statement(bed, by, patient), patient)
    except (InvalidBundleError, NoVersionError) as error:
        yield wrong_finding(
            bed.about, f"a write test by '{strategy.kind}' cannot be made: {error}", "Report it."
        )
        return False, isinstance(error, NoVersionError)
    yield _outcome(bed, strategy, trial)
    yield from _left(bed, trial)
    return trial.passed, bool(trial.mismatched_elements) or isinstance(
        trial.fault, RefusedError | ServerError
    )


def _outcome(bed: WriteTestContext, strategy: WriteStrategy, trial: WriteTestResult) -> Finding:
    test = f"a write test to {bed.server.test_patient} by '{strategy.kind}'"
    if trial.passed:
        away = (
            "taken away again"
            if not trial.marked_references
            else "taken away again or marked as entered in error"
        )
        return good_finding(bed.about, f"{test} went through: written, read back, {away}")
    if trial.mismatched_elements:
        words = f"{test}: the server took it, but does not read back the same: {', '.join(trial.mismatched_elements)}"
        return wrong_finding(
            bed.about,
            words,
            "Compare with the EHR's support; a profile in quirks/ can say what it does not hold.",
        )
    return _fault(bed, test, trial.fault)


def _fault(bed: WriteTestContext, test: str, fault: FhirError | None) -> Finding:
    words = "it failed" if fault is None else fault.message
    if isinstance(fault, ManualEntryError):
        return wrong_finding(
            bed.about, f"{test}: {words}", f"Map it in quirks/{bed.server.quirks}.toml."
        )
    return wrong_finding(
        bed.about,
        f"{test}: {words}",
        "Ask the EHR's support; access and scopes are looked at above.",
    )


def _left(bed: WriteTestContext, trial: WriteTestResult) -> Iterator[Finding]:
    if not trial.chart_restored:
        words = f"{bed.server.test_patient} does not say again what it said before the write test"
        yield wrong_finding(
            bed.about,
            words,
            "Put the test patient's race, ethnicity, language and interpreter right by hand.",
        )
    if trial.marked_references:
        yield good_finding(
            bed.about,
            f"marked as entered in error, for nobody may delete it: {', '.join(trial.marked_references)}",
        )
    if trial.remaining_references:
        words = f"what the write test left there, and can be neither deleted nor marked: {', '.join(trial.remaining_references)}"
        yield unknown_finding(
            bed.about,
            words,
            "It speaks of the test patient alone; the EHR's support can remove it.",
        )


def _statement(bed: WriteTestContext, by: Writer, patient: Json) -> Statement:
    """Return answers that would change the chart, whatever it says now; where no rung changes it, any will do."""
    candidates = [said_by(_submission(bed, place), bed.settings) for place in range(len(LANGUAGES))]
    return next(
        (each for each in candidates if merge_for_server(patient, each, by).changed), candidates[0]
    )


def _submission(bed: WriteTestContext, place: int) -> Submission:
    questions = bed.settings.question_set
    clinic = next(
        (each.id for each in bed.settings.clinics.values() if each.server == bed.server.id), ""
    )
    return Submission(
        id=uuid4(),
        clinic=clinic,
        patient=bed.server.test_patient,
        answered_at=bed.clock(),
        informant=Informant.SELF,
        channel=Channel.STAFF,
        question_set=questions.id,
        question_set_version=questions.version,
        locale="en",
        notice=bed.settings.notice,
        answers={
            each.id: Answer(AnswerState.ANSWERED, (_choice(each, place),))
            for each in questions.questions
            if _is_tried(each)
        },
    )


def _is_tried(question: Question) -> bool:
    # Which tribes there are is a table and no part of the question; what else is tried shows the way as well.
    return question.kind is not QuestionKind.TRIBES


def _choice(question: Question, place: int) -> str:
    return (
        LANGUAGES[place] if question.kind is QuestionKind.LANGUAGE else question.options[place].id
    )
