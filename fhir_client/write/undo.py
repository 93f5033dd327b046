"""Undo: the chart's earlier values where it still holds what was written, and all else of it marked as entered in error."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from fhir_client.client import FhirClient
from fhir_client.errors import (
    ChartConflictError,
    ManualEntryError,
    RefusedError,
    VersionConflictError,
)
from fhir_client.model import Conflict, Json, WriteStrategyKind
from fhir_client.uscore.chart import (
    canonical_text,
    chart_elements,
    describe_elements,
    describe_item,
    element_meanings,
    elements_of_part,
)
from fhir_client.uscore.datatypes import uuid_identifier
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.undo_record import (
    ChangeState,
    ElementChange,
    KeyedHash,
    change_state,
    restore_prior_values,
)
from fhir_client.write.charts import read_written_patient, refuse_partial_chart
from fhir_client.write.lookup import find_own
from fhir_client.write.strategy import WHOLE_CHART_KINDS
from fhir_client.write.strategy import WrittenPart as Left
from fhir_client.write.task import ENTERED_IN_ERROR, ResourceChange, Writer, mark_in_error
from fhir_client.write.writer import amend_resources

TRIES = 4
"""How often it is looked at; the last look is the read-back of the third try."""
BY_HAND = frozenset({WriteStrategyKind.DOCUMENT, WriteStrategyKind.WORKLIST})
"""What a person typed, or filed from a document, nobody else can take out again."""


@dataclass(frozen=True, slots=True)
class WrittenEffect:
    """What one submission wrote: to which Patient, what of it, and of that the elements which stay as the chart has them."""

    patient: str
    submission: UUID
    parts: tuple[ElementChange, ...]
    elements_to_keep: frozenset[str] = frozenset()


def undo_submission(
    client: FhirClient, writer: Writer, effect: WrittenEffect, key: KeyedHash
) -> None:
    """Take back what the submission wrote, once however often this is called; it is read back when this returns.

    Raises the errors of fhir_client.errors: ChartChanged where somebody else changed what was written since, and then
    nothing was changed; PatientProblem where the chart is another one by now; ByHand where only a person can do it.
    """
    if writer.strategy.kind in BY_HAND:
        raise ManualEntryError(
            "What is written to this server through a person, only a person can take back."
        )
    clash: VersionConflictError | None = None
    for _ in range(TRIES):
        changes = _changes(client, writer, effect, key)
        if not changes:
            return
        clash = None
        try:
            amend_resources(client, writer, changes)
        except VersionConflictError as error:
            # Somebody else was first, or our own earlier try that we never heard of: the next look tells.
            clash = error
    raise clash or RefusedError(
        "The server accepts the undo, but does not read back what was there before."
    )


def _changes(
    client: FhirClient, writer: Writer, effect: WrittenEffect, key: KeyedHash
) -> tuple[ResourceChange, ...]:
    """Return what is still to be done, the chart first and the QuestionnaireResponse last: it says that all is done."""
    observations, responses = (
        tuple(_observations(client, writer, effect)),
        tuple(_responses(client, writer, effect)),
    )
    marked = [mark_in_error(each) for each in (*observations, *responses) if _stands(each)]
    parts = [each for each in effect.parts if each.element not in effect.elements_to_keep]
    done = bool(responses) and not any(map(_stands, responses))
    if done or not parts:
        # Once the chart was put right, what it says is somebody else's, were it the same words again.
        return tuple(marked)
    patient = read_written_patient(client, effect.patient)
    if writer.strategy.kind in WHOLE_CHART_KINDS:
        refuse_partial_chart(patient)
    _refuse_changed(patient, parts, key)
    back = ResourceChange(patient, restore_prior_values(patient, parts, key))
    return (*([back] if back.after != back.before else []), *marked)


def _stands(resource: Json) -> bool:
    return resource.get("status") != ENTERED_IN_ERROR


def _refuse_changed(patient: Json, parts: list[ElementChange], key: KeyedHash) -> None:
    chart = chart_elements(patient)
    changed = [each for each in parts if change_state(chart, each, key) is ChangeState.CHANGED]
    if changed:
        contested = tuple(_contested(patient, each) for each in changed)
        raise ChartConflictError("The chart was changed since this was written", contested)


def _contested(patient: Json, part: ElementChange) -> Conflict:
    held, said = describe_elements(patient), element_meanings(chart_elements(patient))
    names = elements_of_part(part.element)
    now = tuple(dict.fromkeys(words for name in names for words in held[name]))
    before = tuple(
        describe_item(part.element, each.before)
        for each in part.value_changes
        if each.before is not None
    )
    return Conflict(part.element, now, before, canonical_text(tuple(said[name] for name in names)))


def _observations(client: FhirClient, writer: Writer, effect: WrittenEffect) -> Iterator[Json]:
    if Left.OBSERVATIONS in writer.strategy.parts:
        for element in OBSERVATION_CODES:
            own = uuid_identifier(uuid5(effect.submission, element))
            yield from find_own(client, writer.strategy, "Observation", own, effect.patient)


def _responses(client: FhirClient, writer: Writer, effect: WrittenEffect) -> Iterator[Json]:
    if Left.RESPONSE in writer.strategy.parts:
        yield from find_own(
            client,
            writer.strategy,
            "QuestionnaireResponse",
            uuid_identifier(effect.submission),
            effect.patient,
        )
