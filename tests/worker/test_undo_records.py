"""An undo record keeps the values from before the first attempt, with every digit."""

from dataclasses import replace

from fhir_client.model import Element
from fhir_client.uscore.statement import AbsentReason, Interpreter
from fhir_client.uscore.undo_record import ElementChange, ValueChange
from fhir_client.write.task import WriteAttempt
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.worker.undo_records import (
    PriorValues,
    build_undo_record,
    decode_prior_values,
    encode_prior_values,
    keyed_hash,
)
from tests.support.statements import EMPTY_STATEMENT
from tests.support.worker_site import WorkerSite

TARGET = WriteTarget("Patient/1", "7")
RESENT = WriteAttempt("Patient/1", "8", None)


def hash_value(value: str) -> str:
    return f"hash of {len(value)} characters"


def test_prior_values_survive_storage() -> None:
    swap = ValueChange({"valueCode": "F"}, "hash")
    change = ElementChange("race", (swap,), "before", "after")
    values = PriorValues((change,), frozenset({"race", "interpreter"}))
    stored = UndoRecord(TARGET, encode_prior_values(values))
    assert decode_prior_values(stored) == values


def test_decimals_keep_every_digit() -> None:
    text = (
        '{"parts": [{"element": "race", "swaps": [{"before": {"valueDecimal": 1.50}, '
        '"wrote": null}], "meant": "", "means": ""}], "speaks_of": []}'
    )
    again = encode_prior_values(decode_prior_values(UndoRecord(TARGET, text)))
    assert "1.50" in again


def test_a_second_attempt_keeps_the_prior_values_of_the_first() -> None:
    values = PriorValues((ElementChange("race", (), "before", "after"),), frozenset({"race"}))
    previous = UndoRecord(TARGET, encode_prior_values(values))
    record = build_undo_record(RESENT, EMPTY_STATEMENT, previous, hash_value)
    assert (record.sent.version, decode_prior_values(record)) == ("8", values)


def test_an_answer_is_stated_even_if_it_changed_nothing() -> None:
    statement = replace(
        EMPTY_STATEMENT,
        values={
            Element.INTERPRETER: Interpreter(True),
            Element.RACE: AbsentReason.ASKED_DECLINED,
        },
    )
    record = build_undo_record(RESENT, statement, None, hash_value)
    assert decode_prior_values(record) == PriorValues((), frozenset({"interpreter"}))


def test_the_hash_depends_on_the_sites_key(worker_site: WorkerSite) -> None:
    with worker_site.database.read() as tx:
        key = keyed_hash(tx)
    assert key("White") == key("White") != key("Asian")
    assert "White" not in key("White")
