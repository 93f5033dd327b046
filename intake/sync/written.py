"""What a submission changed in the chart, as the text that is kept sealed with its row: decimals keep every digit."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial

from fhir_client import exact
from fhir_client.uscore.statement import FIELDS, AbsentReason, Statement
from fhir_client.uscore.undoing import Key, Part, Swap, carried, part_of, parts_of
from fhir_client.writing.values import Sending
from intake.store.database import Tx
from intake.store.earlier import Earlier, Sent


@dataclass(frozen=True, slots=True)
class Wrote:
    """The parts of the chart that a submission changed, and every part that it speaks of, changed or not."""

    parts: tuple[Part, ...]
    speaks_of: frozenset[str]


def key_of(tx: Tx) -> Key:
    """Return the keyed hash by which what we wrote is known again."""
    return partial(tx.cipher.keyed, "written")


def noted(sending: Sending, statement: Statement, before: Earlier | None, key: Key) -> Earlier:
    """Return what has to be kept of a sending; `before` is what was kept of an earlier try."""
    sent, held = Sent(sending.patient, sending.version), None if before is None else read(before)
    if sending.earlier is None or sending.later is None:
        return Earlier(sent, write(held or Wrote((), _speaks_of(statement, ()))))
    parts = parts_of(sending.earlier, sending.later, key)
    if held is not None:
        parts = carried(held.parts, sending.earlier, parts, key)
    return Earlier(sent, write(Wrote(parts, _speaks_of(statement, parts))))


def _speaks_of(statement: Statement, parts: Iterable[Part]) -> frozenset[str]:
    said = {name: getattr(statement, field) for name, field in FIELDS.items()}
    valued = {
        name
        for name, each in said.items()
        if each is not None and not isinstance(each, AbsentReason)
    }
    return frozenset({part_of(name) for name in valued} | {each.element for each in parts})


def write(wrote: Wrote) -> str:
    """Return it as text."""
    return exact.dumps(
        {"parts": [asdict(each) for each in wrote.parts], "speaks_of": sorted(wrote.speaks_of)}
    )


def read(earlier: Earlier) -> Wrote:
    """Return what was kept."""
    held = exact.loads(earlier.values)
    parts = (
        Part(
            each["element"],
            tuple(Swap(**swap) for swap in each["swaps"]),
            each["meant"],
            each["means"],
        )
        for each in held["parts"]
    )
    return Wrote(tuple(parts), frozenset(held["speaks_of"]))
