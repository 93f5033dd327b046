"""The write strategy of each server: negotiated once, then pinned in the store."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256

from fhir_client.capabilities import Capabilities, parse_capabilities
from fhir_client.client import FhirClient
from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.combined_question import CombinedRules
from fhir_client.uscore.patient_merge import MergePolicy
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.strategy import ServerOffer, WriteStrategy, WrittenPart, choose_strategy
from fhir_client.write.task import Writer
from intake.ehr.clients import server_quirks
from intake.ehr.credentials import TOKEN_AUTH_KINDS, shared_tokens
from intake.placeholders import placeholders_by_element
from intake.settings import Server, Settings
from intake.settings.rules import AUTO_STRATEGY
from intake.store import servers, strategies
from intake.store.database import Database
from intake.store.strategies import PinnedStrategy, StoredStrategy
from intake.terminology import find_detail


def prepare_writer(
    server: Server, settings: Settings, database: Database, client: FhirClient
) -> Writer:
    """Return the writer for a server; negotiate and pin a strategy if none is pinned.

    Raises the errors of fhir_client.errors if the server cannot be asked now.
    """
    if pin := read_pin(server, settings, database):
        return build_writer(server, settings, restore_strategy(pin.strategy))
    capabilities = parse_capabilities(client.read_capabilities())
    strategy = negotiate_strategy(capabilities, server, settings)
    pin_strategy(server, settings, database, strategy)
    return build_writer(server, settings, strategy)


def build_writer(server: Server, settings: Settings, strategy: WriteStrategy) -> Writer:
    """Return the writer that writes to the server by that strategy."""
    return Writer(
        us_core_version(server.us_core),
        build_merge_policy(settings),
        server_quirks(server, settings),
        strategy,
    )


def build_merge_policy(settings: Settings) -> MergePolicy:
    """Return how a chart gives way to answers, as far as the settings alone say it."""
    return MergePolicy(
        decline_erases=settings.mapping.decline_erases,
        placeholders=placeholders_by_element(),
        combined=CombinedRules(find_detail=find_detail),
    )


def negotiate_strategy(
    capabilities: Capabilities,
    server: Server,
    settings: Settings,
    failed: Iterable[WriteStrategyKind] = (),
) -> WriteStrategy:
    """Return the strategy that fits capabilities, quirks, scopes and settings.

    `failed` are the strategies whose write test failed. Raises the errors of fhir_client.errors
    if no token can be fetched.
    """
    offer = ServerOffer(
        capabilities, server_quirks(server, settings), _effective_scopes(server), frozenset(failed)
    )
    configured = None
    if server.strategy != AUTO_STRATEGY:
        configured = WriteStrategyKind(server.strategy)
    return choose_strategy(offer, configured)


def _effective_scopes(server: Server) -> tuple[str, ...] | None:
    """Return the scopes that limit us, or None if the server limits us by no scopes."""
    if server.auth.kind not in TOKEN_AUTH_KINDS:
        return None
    # The configured scopes count before the granted ones. A configured scope that the server does
    # not grant is a fault that pauses the server. It must not lead to a lesser strategy unseen.
    return server.auth.scopes or shared_tokens(server).current_grant().scopes


def read_pin(server: Server, settings: Settings, database: Database) -> PinnedStrategy | None:
    """Return the pinned strategy, or None if none was pinned under these settings."""
    with database.read() as tx:
        pin = strategies.read_pinned(tx, server.id)
    return (
        pin if pin is not None and pin.strategy.basis == _settings_hash(server, settings) else None
    )


def pin_strategy(
    server: Server,
    settings: Settings,
    database: Database,
    strategy: WriteStrategy,
    *,
    proven: bool = False,
) -> None:
    """Pin the strategy for the server; `proven` says that a write test succeeded."""
    # The store keeps the parts in the order of the enum, so that equal strategies compare equal.
    parts = tuple(part.value for part in WrittenPart if part in strategy.parts)
    stored = StoredStrategy(
        _settings_hash(server, settings),
        strategy.kind.value,
        parts,
        strategy.batch,
        strategy.reasons,
        tuple(sorted(strategy.by_patient)),
    )
    with database.write() as tx:
        strategies.pin_strategy(tx, server.id, stored, proven=proven)
        servers.admit_all_workers(tx, server.id)


def restore_strategy(stored: StoredStrategy) -> WriteStrategy:
    """Return the write strategy that the store holds."""
    return WriteStrategy(
        WriteStrategyKind(stored.kind),
        frozenset(map(WrittenPart, stored.parts)),
        stored.batch,
        stored.reasons,
        frozenset(stored.by_patient),
    )


def _settings_hash(server: Server, settings: Settings) -> str:
    """Return a hash of the settings that a negotiated strategy depends on."""
    # A change of any of these makes the pin stale, and the next writer negotiates again. The list
    # of strategies keeps its former name in the hash, so that an upgrade makes no pin stale.
    quirks = asdict(server_quirks(server, settings))
    if quirks["sequential_versions"]:
        # It is younger than the pins, and its default changes none of them.
        del quirks["sequential_versions"]
    quirks["rungs"] = quirks.pop("write_strategies")
    # The schedule's search has nothing to do with writing.
    del quirks["appointment_search"]
    basis = [
        server.base_url,
        server.strategy,
        server.auth.kind,
        server.auth.client_id,
        server.auth.scopes,
        quirks,
    ]
    return sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()
