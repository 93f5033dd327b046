"""What a submission changed in the chart, as the text that is kept sealed with its row: decimals keep every digit."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

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
    """The parts of the chart that a submission changed, and every part that it speaks of, changed or not."""

    parts: tuple[ElementChange, ...]
    stated_parts: frozenset[str]


def keyed_hash(tx: Tx) -> KeyedHash:
    """Return the keyed hash by which what we wrote is known again."""
    return partial(tx.cipher.keyed_hash, "written")


def build_undo_record(
    sending: WriteAttempt, statement: Statement, before: UndoRecord | None, key: KeyedHash
) -> UndoRecord:
    """Return what has to be kept of a sending; `before` is what was kept of an earlier try."""
    sent, held = (
        WriteTarget(sending.patient, sending.version),
        None if before is None else decode_prior_values(before),
    )
    if sending.prior_values is None or sending.new_values is None:
        return UndoRecord(
            sent, encode_prior_values(held or PriorValues((), _speaks_of(statement, ())))
        )
    parts = element_changes(sending.prior_values, sending.new_values, key)
    if held is not None:
        parts = carry_over_changes(held.parts, sending.prior_values, parts, key)
    return UndoRecord(sent, encode_prior_values(PriorValues(parts, _speaks_of(statement, parts))))


def _speaks_of(statement: Statement, parts: Iterable[ElementChange]) -> frozenset[str]:
    valued = {
        chart_part_of(element)
        for element, value in statement.values.items()
        if not isinstance(value, AbsentReason)
    }
    return frozenset(valued | {each.element for each in parts})


def encode_prior_values(wrote: PriorValues) -> str:
    """Return it as text."""
    return exact_json.format_json(
        {"parts": list(map(encode_change, wrote.parts)), "speaks_of": sorted(wrote.stated_parts)}
    )


def decode_prior_values(earlier: UndoRecord) -> PriorValues:
    """Return what was kept."""
    held = exact_json.parse_json(earlier.values)
    parts = tuple(map(parse_change, held["parts"]))
    return PriorValues(parts, frozenset(held["speaks_of"]))
