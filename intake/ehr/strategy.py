"""How a server is written to: found out from what it says, its quirks and our scopes, then pinned, so that it stays."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256

from fhir_client import capabilities
from fhir_client.capabilities import Capabilities
from fhir_client.client import FhirClient
from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.patient_merge import MergePolicy
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.strategy import ServerOffer, WriteStrategy, WrittenPart, choose_strategy
from fhir_client.write.task import Writer
from intake.ehr.clients import server_quirks
from intake.ehr.credentials import TOKEN_AUTH_KINDS, shared_tokens
from intake.settings import Server, Settings
from intake.settings.rules import AUTO_STRATEGY
from intake.store import servers, strategies
from intake.store.database import Database
from intake.store.strategies import PinnedStrategy, StoredStrategy


def prepare_writer(
    server: Server, settings: Settings, database: Database, client: FhirClient
) -> Writer:
    """Return how the site writes to the server, which is asked what it offers only where nothing is pinned yet.

    Raises the errors of fhir_client.errors where it cannot say it now.
    """
    if kept := read_pin(server, settings, database):
        return build_writer(server, settings, restore_strategy(kept.way))
    strategy = negotiate_strategy(
        capabilities.parse_capabilities(client.read_capabilities()), server, settings
    )
    pin_strategy(server, settings, database, strategy)
    return build_writer(server, settings, strategy)


def build_writer(server: Server, settings: Settings, strategy: WriteStrategy) -> Writer:
    """Return how the site writes to the server by that strategy."""
    policy = MergePolicy(decline_erases=settings.mapping.decline_erases)
    return Writer(
        us_core_version(server.us_core), policy, server_quirks(server, settings), strategy
    )


def negotiate_strategy(
    said: Capabilities, server: Server, settings: Settings, failed: Iterable[WriteStrategyKind] = ()
) -> WriteStrategy:
    """Return how the server is written to by what it says, its quirks, our scopes and the site's word.

    `failed` are the rungs by which a write test failed. Raises the errors of fhir_client.errors where no token is to be had.
    """
    offer = ServerOffer(said, server_quirks(server, settings), _scopes(server), frozenset(failed))
    return choose_strategy(
        offer, None if server.strategy == AUTO_STRATEGY else WriteStrategyKind(server.strategy)
    )


def _scopes(server: Server) -> tuple[str, ...] | None:
    """Return the scopes that the site asks for, and where it asks for none, what it is granted; None: nothing limits us."""
    if server.auth.kind not in TOKEN_AUTH_KINDS:
        return None
    # What was asked for and is not granted is a fault, which pauses the server; it must not quietly lead to a lesser rung.
    return server.auth.scopes or shared_tokens(server).current_grant().scopes


def read_pin(server: Server, settings: Settings, database: Database) -> PinnedStrategy | None:
    """Return the pin; None where there is none, or where it was found with other settings than now."""
    with database.read() as tx:
        kept = strategies.read_pinned(tx, server.id)
    return kept if kept is not None and kept.way.basis == _basis(server, settings) else None


def pin_strategy(
    server: Server,
    settings: Settings,
    database: Database,
    strategy: WriteStrategy,
    *,
    proven: bool = False,
) -> None:
    """Pin it."""
    parts = tuple(part.value for part in WrittenPart if part in strategy.parts)
    by_patient = tuple(sorted(strategy.by_patient))
    way = StoredStrategy(
        _basis(server, settings),
        strategy.kind.value,
        parts,
        strategy.batch,
        strategy.reasons,
        by_patient,
    )
    with database.write() as tx:
        strategies.pin_strategy(tx, server.id, way, proven=proven)
        servers.admit_all_workers(tx, server.id)


def restore_strategy(way: StoredStrategy) -> WriteStrategy:
    """Return what was pinned."""
    return WriteStrategy(
        WriteStrategyKind(way.rung),
        frozenset(map(WrittenPart, way.parts)),
        way.batch,
        way.reasons,
        frozenset(way.by_patient),
    )


def _basis(server: Server, settings: Settings) -> str:
    quirks = asdict(server_quirks(server, settings))
    held = [
        server.base_url,
        server.strategy,
        server.auth.kind,
        server.auth.client_id,
        server.auth.scopes,
        quirks,
    ]
    return sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
