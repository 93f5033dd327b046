"""The write test: answers of nobody's, to the test patient that the site names, by the rung that all others are written by."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from uuid import uuid4

from fhir_client.capabilities import Capabilities
from fhir_client.client import Client
from fhir_client.errors import ByHand, FhirError, Gone, Refused, ServerFault
from fhir_client.uscore.parts import Json
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import NoVersion
from fhir_client.writing.check import InvalidBundle
from fhir_client.writing.ladder import Rung, Strategy
from fhir_client.writing.suiting import merged
from fhir_client.writing.trial import Trial, try_out
from fhir_client.writing.values import Writer
from intake.answers import Answer, Channel, Informant, State, Submission
from intake.clock import Clock
from intake.questions import Kind, Question
from intake.settings import Server, Settings
from intake.settings.rules import AUTO
from intake.store.database import Database
from intake.sync.probe.findings import Finding, good, unknown, wrong
from intake.sync.saying import said as said_by
from intake.sync.strategy import pin, pinned, strategy_of, writer

LANGUAGES = ("en", "es")
"""Two, so that one of them is not what the test patient's chart says already."""


@dataclass(frozen=True, slots=True)
class Bed:
    """What a write test is made with."""

    about: str
    server: Server
    settings: Settings
    client: Client
    database: Database
    clock: Clock


def proven(
    bed: Bed, said: Capabilities, strategy: Strategy, *, anew: bool
) -> Generator[Finding, None, Strategy]:
    """Yield how a write test goes, and return how the server is written to after it.

    Where the rung is neither pinned nor named in the settings, or is to be found `anew`, a test that fails leads on to the
    next rung; the one by which it goes through is pinned.
    """
    fixed = bed.server.strategy != AUTO or (
        not anew and pinned(bed.server, bed.settings, bed.database) is not None
    )
    patient = yield from _patient(bed)
    failed: list[Rung] = []
    while patient is not None and strategy.rung is not Rung.WORKLIST:
        passed, leads_on = yield from _tried(bed, strategy, patient)
        if passed:
            pin(bed.server, bed.settings, bed.database, strategy, proven=True)
            return strategy
        if fixed or not leads_on:
            return strategy
        failed.append(strategy.rung)
        strategy = strategy_of(said, bed.server, bed.settings, failed)
        patient = yield from _patient(bed)
    if strategy.rung is Rung.WORKLIST:
        yield unknown(bed.about, "a worklist cannot be tested: a person types what is on it")
    return strategy


def _patient(bed: Bed) -> Generator[Finding, None, Json | None]:
    """Return the test patient that the site names; nobody else is ever written to."""
    table = f"[servers.{bed.server.id}] in intake.toml"
    named = bed.server.test_patient
    if not named:
        yield wrong(
            bed.about,
            "no write test: the site names no test patient",
            f"Name one as test_patient in {table}.",
        )
        return None
    try:
        found = bed.client.read(named)
    except Gone:
        found = {}
    if f"{found.get('resourceType')}/{found.get('id')}" != named:
        yield wrong(
            bed.about,
            f"no write test: the server has no {named}",
            f"Correct test_patient in {table}.",
        )
        return None
    if found.get("link") or found.get("active") is False:
        words = f"no write test: {named} is inactive, or linked to another chart"
        yield wrong(
            bed.about,
            words,
            f"Name one as test_patient in {table} that is a test patient and nothing else.",
        )
        return None
    return found


def _tried(
    bed: Bed, strategy: Strategy, patient: Json
) -> Generator[Finding, None, tuple[bool, bool]]:
    """Try it once; return whether it went through, and if not, whether another rung may."""
    by = writer(bed.server, bed.settings, strategy)
    try:
        trial = try_out(bed.client, by, _statement(bed, by, patient), patient)
    except (InvalidBundle, NoVersion) as error:
        yield wrong(
            bed.about, f"a write test by '{strategy.rung}' cannot be made: {error}", "Report it."
        )
        return False, isinstance(error, NoVersion)
    yield _outcome(bed, strategy, trial)
    yield from _left(bed, trial)
    return trial.passed, bool(trial.differing) or isinstance(trial.fault, Refused | ServerFault)


def _outcome(bed: Bed, strategy: Strategy, trial: Trial) -> Finding:
    test = f"a write test to {bed.server.test_patient} by '{strategy.rung}'"
    if trial.passed:
        away = (
            "taken away again"
            if not trial.marked
            else "taken away again or marked as entered in error"
        )
        return good(bed.about, f"{test} went through: written, read back, {away}")
    if trial.differing:
        words = f"{test}: the server took it, but does not read back the same: {', '.join(trial.differing)}"
        return wrong(
            bed.about,
            words,
            "Compare with the EHR's support; a profile in quirks/ can say what it does not hold.",
        )
    return _fault(bed, test, trial.fault)


def _fault(bed: Bed, test: str, fault: FhirError | None) -> Finding:
    words = "it failed" if fault is None else fault.words
    if isinstance(fault, ByHand):
        return wrong(bed.about, f"{test}: {words}", f"Map it in quirks/{bed.server.quirks}.toml.")
    return wrong(
        bed.about,
        f"{test}: {words}",
        "Ask the EHR's support; access and scopes are looked at above.",
    )


def _left(bed: Bed, trial: Trial) -> Iterator[Finding]:
    if not trial.restored:
        words = f"{bed.server.test_patient} does not say again what it said before the write test"
        yield wrong(
            bed.about,
            words,
            "Put the test patient's race, ethnicity, language and interpreter right by hand.",
        )
    if trial.marked:
        yield good(
            bed.about,
            f"marked as entered in error, for nobody may delete it: {', '.join(trial.marked)}",
        )
    if trial.staying:
        words = f"what the write test left there, and can be neither deleted nor marked: {', '.join(trial.staying)}"
        yield unknown(
            bed.about,
            words,
            "It speaks of the test patient alone; the EHR's support can remove it.",
        )


def _statement(bed: Bed, by: Writer, patient: Json) -> Statement:
    """Return answers that would change the chart, whatever it says now; where no rung changes it, any will do."""
    candidates = [said_by(_submission(bed, place), bed.settings) for place in range(len(LANGUAGES))]
    return next((each for each in candidates if merged(patient, each, by).changed), candidates[0])


def _submission(bed: Bed, place: int) -> Submission:
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
            each.id: Answer(State.ANSWERED, (_choice(each, place),))
            for each in questions.questions
            if _is_tried(each)
        },
    )


def _is_tried(question: Question) -> bool:
    # Which tribes there are is a table and no part of the question; what else is tried shows the way as well.
    return question.kind is not Kind.TRIBES


def _choice(question: Question, place: int) -> str:
    return LANGUAGES[place] if question.kind is Kind.LANGUAGE else question.options[place].id
