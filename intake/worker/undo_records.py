"""Encodes the prior values of a submission for its undo record."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from fhir_client.model import Json
from fhir_client.transport import exact_json
from fhir_client.uscore.statement import AbsentReason, Statement
from fhir_client.uscore.undo_record import (
    ElementChange,
    KeyedHash,
    carry_over_changes,
    chart_part_of,
    element_changes,
    encode_change,
    parse_change,
)
from fhir_client.write.task import WriteAttempt
from intake.store.database import Tx
from intake.store.outbox.undo_records import UndoRecord, WriteTarget


@dataclass(frozen=True, slots=True)
class PriorValues:
    """The parts of the chart that a submission changed, and all parts that it states.

    `observations` are those of earlier answers at the same visit, as they were before.
    """

    parts: tuple[ElementChange, ...]
    stated_parts: frozenset[str]
    observations: tuple[Json, ...] = ()


def keyed_hash(tx: Tx) -> KeyedHash:
    """Return the keyed hash by which an undo recognizes what this site wrote."""
    return partial(tx.cipher.keyed_hash, "written")


def build_undo_record(
    attempt: WriteAttempt, statement: Statement, previous: UndoRecord | None, key: KeyedHash
) -> UndoRecord:
    """Return the undo record of an attempt; `previous` is that of the attempt before."""
    target = WriteTarget(attempt.patient, attempt.version)
    previous_values = None if previous is None else decode_prior_values(previous)
    if attempt.prior_values is None or attempt.new_values is None:
        # The chart was written by the attempt before, so its prior values stand.
        values = previous_values or PriorValues((), _stated_parts(statement, ()))
        values = replace(values, observations=_prior_observations(attempt, previous_values))
        return UndoRecord(target, encode_prior_values(values))
    parts = element_changes(attempt.prior_values, attempt.new_values, key)
    if previous_values is not None:
        # If an earlier attempt wrote an element, the value from before that attempt is kept.
        parts = carry_over_changes(previous_values.parts, attempt.prior_values, parts, key)
    observations = _prior_observations(attempt, previous_values)
    values = PriorValues(parts, _stated_parts(statement, parts), observations)
    return UndoRecord(target, encode_prior_values(values))


def _prior_observations(attempt: WriteAttempt, previous: PriorValues | None) -> tuple[Json, ...]:
    """Return the Observations before the first attempt that changed them."""
    recorded = () if previous is None else previous.observations
    recorded_ids = {observation.get("id") for observation in recorded}
    new = (
        observation
        for observation in attempt.prior_observations
        if observation.get("id") not in recorded_ids
    )
    return (*recorded, *new)


def _stated_parts(statement: Statement, parts: Iterable[ElementChange]) -> frozenset[str]:
    """Return the parts of the chart that the statement gives a value to, or changes."""
    valued = {
        chart_part_of(element)
        for element, value in statement.values.items()
        if not isinstance(value, AbsentReason)
    }
    return frozenset(valued | {part.chart_part for part in parts})


def encode_prior_values(values: PriorValues) -> str:
    """Return prior values as JSON text, for storage."""
    return exact_json.format_json(
        {
            "parts": list(map(encode_change, values.parts)),
            "speaks_of": sorted(values.stated_parts),
            "observations": list(values.observations),
        }
    )


def decode_prior_values(undo_record: UndoRecord) -> PriorValues:
    """Return the prior values of an undo record."""
    values = exact_json.parse_json(undo_record.values)
    parts = tuple(map(parse_change, values["parts"]))
    observations = tuple(values.get("observations", ()))
    return PriorValues(parts, frozenset(values["speaks_of"]), observations)
