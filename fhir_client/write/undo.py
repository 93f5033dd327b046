"""Undoes a submission on the server.

Restores the prior values and marks its resources as entered in error.

A value that others changed since stays, and a person decides about it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID, uuid5

from fhir_client.client import FhirClient
from fhir_client.errors import (
    ChartConflictError,
    ManualEntryError,
    RefusedError,
    VersionConflictError,
)
from fhir_client.model import Conflict, Element, Json, WriteStrategyKind
from fhir_client.uscore.chart import (
    canonical_text,
    chart_elements,
    describe_elements,
    describe_item,
    elements_of_part,
    patient_meanings,
)
from fhir_client.uscore.datatypes import uuid_identifier
from fhir_client.uscore.elements import OBSERVATION_CODES
from fhir_client.uscore.observations import is_last_answer, observation_names
from fhir_client.uscore.undo_record import (
    ChangeState,
    ElementChange,
    KeyedHash,
    change_state,
    restore_prior_values,
)
from fhir_client.write.bundle import ENTERED_IN_ERROR
from fhir_client.write.charts import read_written_patient, refuse_partial_chart
from fhir_client.write.lookup import find_own
from fhir_client.write.strategy import RESOURCE_TYPES, WHOLE_CHART_KINDS, WrittenPart
from fhir_client.write.task import ResourceChange, Writer, mark_in_error
from fhir_client.write.writer import amend_resources

# Three attempts, each followed by a look; the last look is the read-back of the third.
MAX_ROUNDS = 4
# A person filed or typed these values, so only a person can take them out of the chart.
MANUAL_KINDS = frozenset({WriteStrategyKind.DOCUMENT, WriteStrategyKind.WORKLIST})

MOST_OBSERVATIONS = 600
"""No element has more Observations: HL7's TribalEntityUS has fewer tribes."""


@dataclass(frozen=True, slots=True)
class WrittenEffect:
    """What one submission wrote to which Patient.

    `elements_to_keep` stay as the chart has them. `prior_observations` are those of earlier
    answers at the same visit, which the submission corrected.
    """

    patient: str
    submission: UUID
    parts: tuple[ElementChange, ...]
    elements_to_keep: frozenset[str] = frozenset()
    prior_observations: tuple[Json, ...] = ()


def undo_submission(
    client: FhirClient, writer: Writer, effect: WrittenEffect, key: KeyedHash
) -> None:
    """Undo the submission exactly once, and read it back.

    Raises the errors of fhir_client.errors:

    - ChartConflictError where others changed a written value since; then nothing was changed;
    - PatientError where the chart was merged or closed;
    - ManualEntryError where only a person can undo it.
    """
    if writer.strategy.kind in MANUAL_KINDS:
        raise ManualEntryError(
            "A person wrote this to the server by hand, and only a person can take it back."
        )
    conflict: VersionConflictError | None = None
    for _ in range(MAX_ROUNDS):
        changes = _find_changes(client, writer, effect, key)
        if not changes:
            return
        conflict = None
        try:
            amend_resources(client, writer, changes)
        except VersionConflictError as error:
            # Another client was first, or an earlier attempt of ours whose answer was lost. The
            # next round shows which.
            conflict = error
    raise conflict or RefusedError(
        "The server accepts the undo, but does not read back the prior values."
    )


def _find_changes(
    client: FhirClient, writer: Writer, effect: WrittenEffect, key: KeyedHash
) -> tuple[ResourceChange, ...]:
    """Return the changes that are still to be made.

    The chart comes first. The QuestionnaireResponse comes last, because its status shows that
    everything was undone.
    """
    observations = tuple(_find_observations(client, writer, effect))
    responses = tuple(_find_responses(client, writer, effect))
    is_done = bool(responses) and all(map(_is_in_error, responses))
    restored_ids = {str(prior.get("id")) for prior in effect.prior_observations}
    marks = [
        mark_in_error(resource)
        for resource in (*observations, *responses)
        if not _is_in_error(resource) and resource.get("id") not in restored_ids
    ]
    if not is_done:
        marks = [*_restore_observations(client, writer, effect), *marks]
    # A later submission may have answered these elements, and its values stay.
    parts = [part for part in effect.parts if part.chart_part not in effect.elements_to_keep]
    if is_done or not parts:
        # After the chart was restored, its values are others', even if they equal ours again.
        return tuple(marks)
    patient = read_written_patient(client, effect.patient)
    if writer.strategy.kind in WHOLE_CHART_KINDS:
        refuse_partial_chart(patient)
    _refuse_changed_parts(patient, parts, key)
    restored = ResourceChange(patient, restore_prior_values(patient, parts, key))
    chart_changes = [restored] if restored.after != restored.before else []
    return (*chart_changes, *marks)


def _is_in_error(resource: Json) -> bool:
    return resource.get("status") == ENTERED_IN_ERROR


def _refuse_changed_parts(patient: Json, parts: list[ElementChange], key: KeyedHash) -> None:
    chart = chart_elements(patient)
    changed = [part for part in parts if change_state(chart, part, key) is ChangeState.CHANGED]
    if changed:
        conflicts = tuple(_describe_conflict(patient, part) for part in changed)
        raise ChartConflictError("The chart was changed since this was written", conflicts)


def _describe_conflict(patient: Json, part: ElementChange) -> Conflict:
    descriptions = describe_elements(patient)
    meanings = patient_meanings(patient)
    elements = elements_of_part(part.chart_part)
    in_chart = dict.fromkeys(words for element in elements for words in descriptions[element])
    prior = tuple(
        describe_item(part.chart_part, change.before)
        for change in part.value_changes
        if change.before is not None
    )
    chart_key = canonical_text(tuple(meanings[element] for element in elements))
    return Conflict(part.chart_part, tuple(in_chart), prior, chart_key)


def _restore_observations(
    client: FhirClient, writer: Writer, effect: WrittenEffect
) -> Iterator[ResourceChange]:
    """Yield the changes that give corrected Observations their earlier content again."""
    if WrittenPart.OBSERVATIONS not in writer.strategy.parts:
        return
    for prior in effect.prior_observations:
        current = client.read(f"Observation/{prior['id']}")
        restored = {**prior, "meta": current.get("meta", {})}
        is_withdrawn = _is_in_error(current) and current.get("identifier") == prior.get(
            "identifier"
        )
        # A later correction may have answered since, and its answer stays.
        if is_withdrawn or is_answer_of(current, effect.submission):
            yield ResourceChange(current, restored)


def is_answer_of(observation: Json, submission: UUID) -> bool:
    """Return whether a submission wrote the Observation last."""
    return any(
        is_last_answer(observation, uuid_identifier(uuid5(submission, name)))
        for element in OBSERVATION_CODES
        for name in islice(observation_names(element), MOST_OBSERVATIONS)
    )


def _find_observations(client: FhirClient, writer: Writer, effect: WrittenEffect) -> Iterator[Json]:
    if WrittenPart.OBSERVATIONS in writer.strategy.parts:
        for element in OBSERVATION_CODES:
            for name in observation_names(element):
                identity = uuid5(effect.submission, name)
                copies = _find_part(client, writer, effect, WrittenPart.OBSERVATIONS, identity)
                observations = tuple(copies)
                # A later correction may have updated one, and its answer stays.
                yield from (
                    observation
                    for observation in observations
                    if is_last_answer(observation, uuid_identifier(identity))
                )
                # The undo record does not tell how many tribes were answered.
                if not observations or element is not Element.TRIBAL_AFFILIATION:
                    break


def _find_responses(client: FhirClient, writer: Writer, effect: WrittenEffect) -> Iterator[Json]:
    if WrittenPart.RESPONSE in writer.strategy.parts:
        yield from _find_part(client, writer, effect, WrittenPart.RESPONSE, effect.submission)


def _find_part(
    client: FhirClient, writer: Writer, effect: WrittenEffect, part: WrittenPart, identity: UUID
) -> Iterator[Json]:
    identifier = uuid_identifier(identity)
    return find_own(client, writer.strategy, RESOURCE_TYPES[part], identifier, effect.patient)
