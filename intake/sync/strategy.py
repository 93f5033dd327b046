"""How a server is written to: found out from what it says, its quirks and our scopes, then pinned, so that it stays."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256

from fhir_client import capabilities
from fhir_client.capabilities import Capabilities
from fhir_client.client import Client
from fhir_client.uscore.patient import MergePolicy
from fhir_client.uscore.versions import version
from fhir_client.writing.ladder import Offer, Part, Rung, Strategy, negotiate
from fhir_client.writing.values import Writer
from intake.settings import Server, Settings
from intake.settings.rules import AUTO
from intake.store import servers, strategies
from intake.store.database import Database
from intake.store.strategies import Pinned, Way
from intake.sync.access import WITH_TOKENS, tokens_for
from intake.sync.clients import quirks_of


def writer_for(server: Server, settings: Settings, database: Database, client: Client) -> Writer:
    """Return how the site writes to the server, which is asked what it offers only where nothing is pinned yet.

    Raises the errors of fhir_client.errors where it cannot say it now.
    """
    if kept := pinned(server, settings, database):
        return writer(server, settings, strategy_in(kept.way))
    strategy = strategy_of(capabilities.read(client.capabilities()), server, settings)
    pin(server, settings, database, strategy)
    return writer(server, settings, strategy)


def writer(server: Server, settings: Settings, strategy: Strategy) -> Writer:
    """Return how the site writes to the server by that strategy."""
    policy = MergePolicy(decline_erases=settings.mapping.decline_erases)
    return Writer(version(server.us_core), policy, quirks_of(server, settings), strategy)


def strategy_of(
    said: Capabilities, server: Server, settings: Settings, failed: Iterable[Rung] = ()
) -> Strategy:
    """Return how the server is written to by what it says, its quirks, our scopes and the site's word.

    `failed` are the rungs by which a write test failed. Raises the errors of fhir_client.errors where no token is to be had.
    """
    offer = Offer(said, quirks_of(server, settings), _scopes(server), frozenset(failed))
    return negotiate(offer, None if server.strategy == AUTO else Rung(server.strategy))


def _scopes(server: Server) -> tuple[str, ...] | None:
    """Return the scopes that the site asks for, and where it asks for none, what it is granted; None: nothing limits us."""
    if server.auth.kind not in WITH_TOKENS:
        return None
    # What was asked for and is not granted is a fault, which pauses the server; it must not quietly lead to a lesser rung.
    return server.auth.scopes or tokens_for(server).grant().scopes


def pinned(server: Server, settings: Settings, database: Database) -> Pinned | None:
    """Return the pin; None where there is none, or where it was found with other settings than now."""
    with database.read() as tx:
        kept = strategies.pinned(tx, server.id)
    return kept if kept is not None and kept.way.basis == _basis(server, settings) else None


def pin(
    server: Server,
    settings: Settings,
    database: Database,
    strategy: Strategy,
    *,
    proven: bool = False,
) -> None:
    """Pin it."""
    parts = tuple(part.value for part in Part if part in strategy.parts)
    by_patient = tuple(sorted(strategy.by_patient))
    way = Way(
        _basis(server, settings),
        strategy.rung.value,
        parts,
        strategy.batch,
        strategy.reasons,
        by_patient,
    )
    with database.write() as tx:
        strategies.pin(tx, server.id, way, proven=proven)
        servers.open_to_all(tx, server.id)


def strategy_in(way: Way) -> Strategy:
    """Return what was pinned."""
    return Strategy(
        Rung(way.rung),
        frozenset(map(Part, way.parts)),
        way.batch,
        way.reasons,
        frozenset(way.by_patient),
    )


def _basis(server: Server, settings: Settings) -> str:
    quirks = asdict(quirks_of(server, settings))
    held = [
        server.base_url,
        server.strategy,
        server.auth.kind,
        server.auth.client_id,
        server.auth.scopes,
        quirks,
    ]
    return sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
