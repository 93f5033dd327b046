"""A write that replaced another user's change is seen, whatever the server keeps of versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fhir_client.client import FhirClient
from fhir_client.model import Element, WriteStrategyKind
from fhir_client.quirks import Quirks
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.read_back import Mismatch, read_back
from fhir_client.write.strategy import full_strategy
from fhir_client.write.task import Writer
from fhir_client.write.writer import write_statement
from tests.support.careless_server import (
    CarelessServer,
    Resource,
    in_no_order,
    newest_first,
    oldest_first,
    run_careless_server,
)
from tests.support.merge_examples import ASIAN, NOTHING
from tests.support.outbox import EXAMPLE_PATIENT

STATEMENT = replace(NOTHING, values={Element.RACE: ASIAN}, patient="Patient/1")
WRITER = Writer(
    us_core_version("6.1.0"),
    strategy=replace(full_strategy(WriteStrategyKind.PUT), batch=False),
)
PHONE = {"system": "phone", "value": "+1 555 0199"}
TICKS = {
    "whole seconds": ("seconds", timedelta(milliseconds=50)),
    "whole seconds, slowly": ("seconds", timedelta(milliseconds=300)),
    "milliseconds without a gap": ("milliseconds", timedelta()),
    "milliseconds": ("milliseconds", timedelta(milliseconds=50)),
}


def write_and_read_back(
    server: CarelessServer,
    change: Callable[[CarelessServer], None] | None = None,
    *,
    knows_result: bool = True,
    writer: Writer = WRITER,
) -> tuple[Mismatch, ...]:
    """Write while a colleague changes the chart, and return the mismatches."""
    with run_careless_server(server, EXAMPLE_PATIENT), FhirClient(server.base_url) as client:
        if change is not None:
            server.before_put = lambda: change(server)
        result = write_statement(client, writer, STATEMENT)
        base_version = result.base_version
        return read_back(
            client,
            writer,
            STATEMENT,
            result if knows_result else None,
            base_version=base_version,
        )


def change_phone(server: CarelessServer) -> None:
    server.replace_patient({**server.patient, "telecom": [PHONE]})


def change_twice(server: CarelessServer) -> None:
    change_phone(server)
    server.replace_patient({**server.patient, "gender": "other"})


def is_lost_update(mismatches: tuple[Mismatch, ...]) -> bool:
    return ["another user's change" in mismatch.element for mismatch in mismatches] == [True]


@pytest.mark.parametrize(
    ("name", "numeric", "order"),
    # R4 lists the newest version first. Of opaque ids only the time can tell another order.
    [
        *((name, numeric, newest_first) for name in TICKS for numeric in (True, False)),
        *((name, True, oldest_first) for name in TICKS),
        *((name, True, in_no_order) for name in TICKS),
        ("milliseconds", False, oldest_first),
        ("milliseconds", False, in_no_order),
    ],
)
@pytest.mark.parametrize("knows_result", [True, False], ids=["at once", "after a restart"])
@pytest.mark.parametrize("change", [change_phone, change_twice])
def test_a_replaced_change_is_seen_in_the_history(
    name: str,
    numeric: bool,
    order: Callable[[list[Resource]], list[Resource]],
    knows_result: bool,
    change: Callable[[CarelessServer], None],
) -> None:
    timespec, tick = TICKS[name]
    server = CarelessServer(numeric, True, order, timespec=timespec, tick=tick)
    assert is_lost_update(write_and_read_back(server, change, knows_result=knows_result))


@pytest.mark.parametrize("names_version", [True, False])
def test_without_a_history_a_gap_between_numbers_shows_a_replaced_change(
    names_version: bool,
) -> None:
    server = CarelessServer(has_history=False, names_version=names_version)
    mismatches = write_and_read_back(server, change_phone)
    assert is_lost_update(mismatches)
    assert "does not show" in mismatches[0].found


@pytest.mark.parametrize("numeric", [True, False])
@pytest.mark.parametrize("has_history", [True, False])
@pytest.mark.parametrize("names_version", [True, False])
@pytest.mark.parametrize("name", TICKS)
def test_a_write_without_another_change_is_verified(
    numeric: bool, has_history: bool, names_version: bool, name: str
) -> None:
    timespec, tick = TICKS[name]
    server = CarelessServer(
        numeric, has_history, names_version=names_version, timespec=timespec, tick=tick
    )
    assert write_and_read_back(server) == ()


def test_a_server_that_heeds_if_match_keeps_both_changes() -> None:
    server = CarelessServer(heeds_if_match=True)
    assert write_and_read_back(server, change_phone) == ()
    assert server.patient["telecom"] == [PHONE]


def test_version_numbers_that_may_jump_show_no_gap() -> None:
    writer = replace(WRITER, quirks=Quirks(sequential_versions=False))
    server = CarelessServer(has_history=False)
    assert write_and_read_back(server, change_phone, writer=writer) == ()


def test_a_change_after_the_write_is_no_lost_update() -> None:
    server = CarelessServer()
    with run_careless_server(server, EXAMPLE_PATIENT), FhirClient(server.base_url) as client:
        result = write_statement(client, WRITER, STATEMENT)
        change_phone(server)
        checked: Any = read_back(
            client, WRITER, STATEMENT, result, base_version=result.base_version
        )
    assert checked == ()
