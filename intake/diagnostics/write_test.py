"""The write test: writes invented answers to the site's test patient, and removes them."""

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
from intake.mapping.site_mapping import map_submission
from intake.questions import Question, QuestionKind
from intake.settings import Server, Settings
from intake.settings.rules import AUTO_STRATEGY
from intake.store.database import Database

# Two, so that at least one of them changes the test patient's chart.
LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class WriteTestContext:
    """The tools of a write test."""

    about: str
    server: Server
    settings: Settings
    client: FhirClient
    database: Database
    clock: Clock


def check_by_writing(
    context: WriteTestContext, capabilities: Capabilities, strategy: WriteStrategy, *, anew: bool
) -> Generator[Finding, None, WriteStrategy]:
    """Yield the findings of a write test, and return the write strategy after it.

    If the strategy is neither pinned nor configured, or if `anew` is set, a failed test leads to
    the next strategy. The strategy that passes is pinned.
    """
    is_fixed = context.server.strategy != AUTO_STRATEGY or (
        not anew and read_pin(context.server, context.settings, context.database) is not None
    )
    patient = yield from _read_test_patient(context)
    failed: list[WriteStrategyKind] = []
    while patient is not None and strategy.kind is not WriteStrategyKind.WORKLIST:
        passed, may_try_next = yield from _try_strategy(context, strategy, patient)
        if passed:
            pin_strategy(context.server, context.settings, context.database, strategy, proven=True)
            return strategy
        if is_fixed or not may_try_next:
            return strategy
        failed.append(strategy.kind)
        strategy = negotiate_strategy(capabilities, context.server, context.settings, failed)
        # Each test changes the chart, so the next one needs its new version.
        patient = yield from _read_test_patient(context)
    if strategy.kind is WriteStrategyKind.WORKLIST:
        yield unknown_finding(
            context.about, "a worklist cannot be tested, because a person types it"
        )
    return strategy


def _read_test_patient(context: WriteTestContext) -> Generator[Finding, None, Json | None]:
    """Return the configured test patient, or None; the test never writes to another chart."""
    table = f"[servers.{context.server.id}] in intake.toml"
    reference = context.server.test_patient
    if not reference:
        yield wrong_finding(
            context.about,
            "no write test: the site names no test patient",
            f"Name one as test_patient in {table}.",
        )
        return None
    try:
        patient = context.client.read(reference)
    except GoneError:
        patient = {}
    if f"{patient.get('resourceType')}/{patient.get('id')}" != reference:
        yield wrong_finding(
            context.about,
            f"no write test: the server has no {reference}",
            f"Correct test_patient in {table}.",
        )
        return None
    if patient.get("link") or patient.get("active") is False:
        words = f"no write test: {reference} is inactive, or linked to another chart"
        yield wrong_finding(
            context.about,
            words,
            f"Name a chart that serves only for tests as test_patient in {table}.",
        )
        return None
    return patient


def _try_strategy(
    context: WriteTestContext, strategy: WriteStrategy, patient: Json
) -> Generator[Finding, None, tuple[bool, bool]]:
    """Run one write test; return whether it passed, and whether another strategy may pass."""
    writer = build_writer(context.server, context.settings, strategy)
    try:
        result = run_write_test(
            context.client, writer, _build_statement(context, writer, patient), patient
        )
    except (InvalidBundleError, NoVersionError) as error:
        yield wrong_finding(
            context.about,
            f"a write test by '{strategy.kind}' cannot be made: {error}",
            "Report it.",
        )
        return False, isinstance(error, NoVersionError)
    yield _describe_result(context, strategy, result)
    yield from _describe_remains(context, result)
    # A temporary fault says nothing about the strategy, so the next one would fare no better.
    is_refused = isinstance(result.fault, RefusedError | ServerError)
    return result.passed, bool(result.mismatched_elements) or is_refused


def _describe_result(
    context: WriteTestContext, strategy: WriteStrategy, result: WriteTestResult
) -> Finding:
    test = f"a write test to {context.server.test_patient} by '{strategy.kind}'"
    if result.passed:
        removal = "removed again"
        if result.marked_references:
            removal = "removed again or marked as entered in error"
        return good_finding(context.about, f"{test} succeeded: written, read back, {removal}")
    if result.mismatched_elements:
        elements = ", ".join(result.mismatched_elements)
        return wrong_finding(
            context.about,
            f"{test}: the server accepted it, but the read-back differs: {elements}",
            "Ask the EHR's support; a profile in quirks/ can name what it does not store.",
        )
    return _describe_fault(context, test, result.fault)


def _describe_fault(context: WriteTestContext, test: str, fault: FhirError | None) -> Finding:
    words = "it failed" if fault is None else fault.message
    if isinstance(fault, ManualEntryError):
        return wrong_finding(
            context.about, f"{test}: {words}", f"Map it in quirks/{context.server.quirks}.toml."
        )
    return wrong_finding(
        context.about,
        f"{test}: {words}",
        "Ask the EHR's support; the findings above cover access and scopes.",
    )


def _describe_remains(context: WriteTestContext, result: WriteTestResult) -> Iterator[Finding]:
    if not result.chart_restored:
        words = f"{context.server.test_patient} differs from its state before the write test"
        yield wrong_finding(
            context.about,
            words,
            "Correct the test patient's race, ethnicity, language and interpreter by hand.",
        )
    if result.marked_references:
        yield good_finding(
            context.about,
            "marked as entered in error, because it may not be deleted: "
            f"{', '.join(result.marked_references)}",
        )
    if result.remaining_references:
        words = (
            "left by the write test, neither deleted nor marked: "
            f"{', '.join(result.remaining_references)}"
        )
        yield unknown_finding(
            context.about,
            words,
            "It is about the test patient only; the EHR's support can remove it.",
        )


def _build_statement(context: WriteTestContext, writer: Writer, patient: Json) -> Statement:
    """Return answers that change the chart; if no answer can, any answers will do."""
    candidates = [
        map_submission(_build_submission(context, variant), context.settings)
        for variant in range(len(LANGUAGES))
    ]
    changing = (
        statement
        for statement in candidates
        if merge_for_server(patient, statement, writer).changed
    )
    return next(changing, candidates[0])


def _build_submission(context: WriteTestContext, variant: int) -> Submission:
    questions = context.settings.question_set
    clinics = context.settings.clinics.values()
    clinic = next((clinic.id for clinic in clinics if clinic.server == context.server.id), "")
    return Submission(
        id=uuid4(),
        clinic=clinic,
        patient=context.server.test_patient,
        answered_at=context.clock(),
        informant=Informant.SELF,
        channel=Channel.STAFF,
        question_set=questions.id,
        question_set_version=questions.version,
        locale="en",
        notice=context.settings.notice,
        answers={
            question.id: Answer(AnswerState.ANSWERED, (_choose(question, variant),))
            for question in questions.questions
            # The question has no tribes of its own to choose from, and the others prove enough.
            if question.kind is not QuestionKind.TRIBES
        },
    )


def _choose(question: Question, variant: int) -> str:
    if question.kind is QuestionKind.LANGUAGE:
        return LANGUAGES[variant]
    return question.options[variant].id
