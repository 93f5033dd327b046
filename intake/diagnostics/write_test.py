"""The write test: writes invented answers to the site's test patient."""

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
from fhir_client.write.strategy import CHART_INTERACTIONS, WriteStrategy
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

LANGUAGES = ("en", "es")
"""Two languages, so that at least one differs from the test patient's chart."""


@dataclass(frozen=True, slots=True)
class WriteTestContext:
    """What a write test needs; `about` is the subject of its findings."""

    about: str
    server: Server
    settings: Settings
    client: FhirClient
    database: Database
    clock: Clock


def check_by_writing(
    context: WriteTestContext,
    capabilities: Capabilities,
    strategy: WriteStrategy,
    *,
    renegotiate: bool,
) -> Generator[Finding, None, WriteStrategy]:
    """Yield the findings of a write test, and return the strategy after it.

    A strategy that passes is pinned. After a failure the test goes on to the next strategy,
    unless the strategy is pinned or named in the settings. With `renegotiate` a pin does not
    count.
    """
    is_fixed = context.server.strategy != AUTO_STRATEGY or (
        not renegotiate and read_pin(context.server, context.settings, context.database) is not None
    )
    patient = yield from _read_test_patient(context)
    failed: list[WriteStrategyKind] = []
    while patient is not None and strategy.kind is not WriteStrategyKind.WORKLIST:
        passed, may_continue = yield from _test_strategy(context, strategy, patient)
        if passed:
            pin_strategy(context.server, context.settings, context.database, strategy, proven=True)
            return strategy
        if is_fixed or not may_continue:
            return strategy
        failed.append(strategy.kind)
        strategy = negotiate_strategy(capabilities, context.server, context.settings, failed)
        # The failed test may have changed the chart's version.
        patient = yield from _read_test_patient(context)
    if strategy.kind is WriteStrategyKind.WORKLIST:
        yield unknown_finding(
            context.about, "a worklist cannot be tested: a person types what is on it"
        )
    return strategy


def _read_test_patient(context: WriteTestContext) -> Generator[Finding, None, Json | None]:
    """Return the settings' test patient; a test writes to no other patient."""
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
    # A linked or inactive chart may belong to a real person.
    if patient.get("link") or patient.get("active") is False:
        words = f"no write test: {reference} is inactive, or linked to another chart"
        yield wrong_finding(
            context.about,
            words,
            f"Name one as test_patient in {table} that is a test patient and nothing else.",
        )
        return None
    return patient


def _test_strategy(
    context: WriteTestContext, strategy: WriteStrategy, patient: Json
) -> Generator[Finding, None, tuple[bool, bool]]:
    """Test one strategy; return whether it passed, and if not, whether to try another."""
    writer = build_writer(context.server, context.settings, strategy)
    statement = _choose_statement(context, writer, patient)
    try:
        result = run_write_test(context.client, writer, statement, patient)
    except (InvalidBundleError, NoVersionError) as error:
        # Nothing was sent. A missing version rules out this strategy only, and an invalid Bundle
        # is a defect of ours.
        yield wrong_finding(
            context.about,
            f"a write test by '{strategy.kind}' cannot be made: {error}",
            "Report it.",
        )
        return False, isinstance(error, NoVersionError)
    yield _describe_result(context, strategy, result)
    yield from _describe_if_match(context, strategy, result)
    yield from _describe_remains(context, result)
    # Only a fault of this strategy justifies the next one. After a temporary fault, such as a
    # timeout, the same strategy may still work.
    may_continue = bool(result.mismatched_elements) or isinstance(
        result.fault, RefusedError | ServerError
    )
    return result.passed, may_continue


def _describe_result(
    context: WriteTestContext, strategy: WriteStrategy, result: WriteTestResult
) -> Finding:
    test = f"a write test to {context.server.test_patient} by '{strategy.kind}'"
    if result.passed:
        removed = (
            "removed again or marked as entered in error"
            if result.marked_references
            else "removed again"
        )
        return good_finding(context.about, f"{test} went through: written, read back, {removed}")
    if result.mismatched_elements:
        words = (
            f"{test}: the server took it, but the read-back differs: "
            f"{', '.join(result.mismatched_elements)}"
        )
        return wrong_finding(
            context.about,
            words,
            "Compare with the EHR's support; a profile in quirks/ can say what it does not hold.",
        )
    return _describe_fault(context, test, result.fault)


def _describe_if_match(
    context: WriteTestContext, strategy: WriteStrategy, result: WriteTestResult
) -> Iterator[Finding]:
    """Yield what the server did with a stale If-Match, for a strategy that writes the chart."""
    if strategy.kind not in CHART_INTERACTIONS or result.fault is not None:
        return
    update = f"an update of {context.server.test_patient} with a stale If-Match"
    match result.refuses_stale_update:
        case True:
            yield good_finding(
                context.about,
                f"it refused {update}, so that our writes overwrite no concurrent change",
            )
        case False:
            yield wrong_finding(
                context.about,
                f"it took {update}, so that our writes can overwrite a concurrent change",
                "Ask the EHR's support to enable versions with If-Match for Patient. Until then "
                "the read-back holds a submission that overwrote one, as far as versions show it.",
            )
        case None:
            yield unknown_finding(context.about, f"{update} could not be tried")


def _describe_fault(context: WriteTestContext, test: str, fault: FhirError | None) -> Finding:
    words = "it failed" if fault is None else fault.message
    # A value that the profile cannot map is no fault of access.
    if isinstance(fault, ManualEntryError):
        return wrong_finding(
            context.about, f"{test}: {words}", f"Map it in quirks/{context.server.quirks}.toml."
        )
    return wrong_finding(
        context.about,
        f"{test}: {words}",
        "Ask the EHR's support; the findings above are about access and scopes.",
    )


def _describe_remains(context: WriteTestContext, result: WriteTestResult) -> Iterator[Finding]:
    """Yield what the write test left on the server."""
    if not result.chart_restored:
        words = f"{context.server.test_patient} has other values than before the write test"
        yield wrong_finding(
            context.about,
            words,
            "Correct the test patient's race, ethnicity, language and interpreter by hand.",
        )
    if result.marked_references:
        yield good_finding(
            context.about,
            "marked as entered in error, because the server deletes none: "
            f"{', '.join(result.marked_references)}",
        )
    if result.remaining_references:
        words = (
            "left by the write test, because the server neither deletes nor marks it: "
            f"{', '.join(result.remaining_references)}"
        )
        yield unknown_finding(
            context.about,
            words,
            "It is about the test patient only; the EHR's support can remove it.",
        )


def _choose_statement(context: WriteTestContext, writer: Writer, patient: Json) -> Statement:
    """Return answers that would change the chart.

    If no answers change it, as with a strategy that leaves the chart alone, any answers will do.
    """
    candidates = [
        map_submission(_invent_submission(context, position), context.settings)
        for position in range(len(LANGUAGES))
    ]
    changing = (
        statement
        for statement in candidates
        if merge_for_server(patient, statement, writer).changed
    )
    return next(changing, candidates[0])


def _invent_submission(context: WriteTestContext, position: int) -> Submission:
    """Return a submission that picks the choice at that position of every question."""
    questions = context.settings.question_set
    clinic_ids = (
        clinic.id
        for clinic in context.settings.clinics.values()
        if clinic.server == context.server.id
    )
    return Submission(
        id=uuid4(),
        clinic=next(clinic_ids, ""),
        patient=context.server.test_patient,
        answered_at=context.clock(),
        informant=Informant.SELF,
        channel=Channel.STAFF,
        question_set=questions.id,
        question_set_version=questions.version,
        locale="en",
        notice=context.settings.notice,
        answers={
            question.id: Answer(AnswerState.ANSWERED, (_pick_choice(question, position),))
            for question in questions.questions
            if _is_tested(question)
        },
    )


def _is_tested(question: Question) -> bool:
    # A tribe comes from a table and not from the question. The other elements prove the strategy
    # without it.
    return question.kind is not QuestionKind.TRIBES


def _pick_choice(question: Question, position: int) -> str:
    if question.kind is QuestionKind.LANGUAGE:
        return LANGUAGES[position]
    return question.options[position].id
