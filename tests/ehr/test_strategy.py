"""A write strategy is negotiated once, pinned, and renewed for new settings."""

from dataclasses import replace
from typing import Any, cast

import pytest

from fhir_client.capabilities import parse_capabilities
from fhir_client.client import FhirClient
from fhir_client.errors import TemporaryError
from fhir_client.model import WriteStrategyKind
from intake.ehr import strategy
from intake.settings import Settings
from tests.support.sites import TestSite

RESOURCES = ("Patient", "Observation", "QuestionnaireResponse", "Provenance")
CODES = ("read", "search-type", "create", "update", "patch", "delete")


def capability_statement(*system_interactions: str) -> dict[str, Any]:
    """Return a server's offer: all resource interactions, and these system ones."""
    resources = [
        {"type": name, "interaction": [{"code": code} for code in CODES]} for name in RESOURCES
    ]
    system = [{"code": code} for code in system_interactions]
    rest = {"mode": "server", "interaction": system, "resource": resources}
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest]}


class FakeClient:
    """Counts how often the server is asked what it offers."""

    def __init__(self, offered: dict[str, Any]) -> None:
        self.offered, self.requests = offered, 0

    def read_capabilities(self) -> dict[str, Any]:
        self.requests += 1
        return self.offered


def negotiated_kind(site: TestSite, client: FakeClient, settings: Settings) -> WriteStrategyKind:
    server = settings.servers["main"]
    writer = strategy.prepare_writer(server, settings, site.database, cast("FhirClient", client))
    return writer.strategy.kind


def with_server(settings: Settings, **changes: Any) -> Settings:
    return replace(settings, servers={"main": replace(settings.servers["main"], **changes)})


def test_a_server_is_asked_once_for_what_it_offers(pages: TestSite) -> None:
    client = FakeClient(capability_statement("transaction"))
    kinds = [negotiated_kind(pages, client, pages.settings) for _ in range(3)]
    assert kinds == [WriteStrategyKind.TRANSACTION] * 3
    assert client.requests == 1


def test_a_pinned_strategy_outlives_what_a_server_says_later(pages: TestSite) -> None:
    negotiated_kind(pages, FakeClient(capability_statement("transaction")), pages.settings)
    later = FakeClient(capability_statement())
    assert negotiated_kind(pages, later, pages.settings) is WriteStrategyKind.TRANSACTION


def test_other_settings_are_negotiated_again(pages: TestSite) -> None:
    client = FakeClient(capability_statement("transaction"))
    negotiated_kind(pages, client, pages.settings)
    moved = with_server(pages.settings, base_url="http://127.0.0.1:9/other")
    assert strategy.read_pin(moved.servers["main"], moved, pages.database) is None
    negotiated_kind(pages, client, moved)
    assert client.requests == 2


def test_without_transactions_the_chart_is_patched(pages: TestSite) -> None:
    client = FakeClient(capability_statement())
    assert negotiated_kind(pages, client, pages.settings) is WriteStrategyKind.PATCH


def test_the_site_can_choose_the_strategy(pages: TestSite) -> None:
    client = FakeClient(capability_statement("transaction"))
    chosen = with_server(pages.settings, strategy="put")
    assert negotiated_kind(pages, client, chosen) is WriteStrategyKind.PUT


def test_a_kind_whose_write_test_failed_is_not_chosen(pages: TestSite) -> None:
    offered = parse_capabilities(capability_statement("transaction"))
    found = strategy.negotiate_strategy(
        offered, pages.settings.servers["main"], pages.settings, [WriteStrategyKind.TRANSACTION]
    )
    assert found.kind is WriteStrategyKind.PATCH


def test_a_pinned_strategy_is_restored_whole(pages: TestSite) -> None:
    server = pages.settings.servers["main"]
    offered = parse_capabilities(capability_statement())
    negotiated = strategy.negotiate_strategy(offered, server, pages.settings)
    strategy.pin_strategy(server, pages.settings, pages.database, negotiated)
    pinned = strategy.read_pin(server, pages.settings, pages.database)
    assert pinned is not None
    assert strategy.restore_strategy(pinned.strategy) == negotiated


def test_an_error_pins_nothing(pages: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient({})
    error = TemporaryError("Busy.", 503)

    def fail() -> dict[str, Any]:
        raise error

    monkeypatch.setattr(client, "read_capabilities", fail)
    with pytest.raises(TemporaryError):
        negotiated_kind(pages, client, pages.settings)
    server = pages.settings.servers["main"]
    assert strategy.read_pin(server, pages.settings, pages.database) is None
