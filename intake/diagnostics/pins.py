"""Checks the pinned write strategy, and compares it with a new negotiation."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from fhir_client.capabilities import Capabilities
from fhir_client.model import WriteStrategyKind
from fhir_client.write.strategy import OBJECTION_PREFIX, SCOPES_REASON, WriteStrategy
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.strategy import negotiate_strategy, read_pin, restore_strategy
from intake.settings import Server, Settings
from intake.settings.rules import AUTO_STRATEGY
from intake.settings.values import STRATEGY_DESCRIPTIONS
from intake.store.database import Database
from intake.store.strategies import PinnedStrategy

RENEGOTIATE = "`intake check --pin` negotiates it again"
PROVE = "`intake check --write-test` proves it on a test patient and removes its values."


def check_pin(
    about: str,
    server: Server,
    settings: Settings,
    capabilities: Capabilities,
    database: Database | None,
) -> Generator[Finding, None, WriteStrategy]:
    """Yield the findings about the write strategy, and return the one in use.

    A pinned strategy stays in use, whatever the server offers by now. Without a database, no pinned
    strategy is known.
    """
    negotiated = negotiate_strategy(capabilities, server, settings)
    pin = None if database is None else read_pin(server, settings, database)
    strategy = restore_strategy(pin.way) if pin else negotiated
    yield _describe_strategy(about, server, strategy, pin)
    # A write test since then may have changed the reasons, but not the strategy.
    if replace(strategy, reasons=()) != replace(negotiated, reasons=()):
        yield _describe_change(about, strategy, negotiated)
    return strategy


def check_proof(
    about: str, server: Server, settings: Settings, database: Database | None
) -> Iterator[Finding]:
    """Yield whether a write test has proven that the server lets us write."""
    pin = None if database is None else read_pin(server, settings, database)
    if pin is not None and pin.proven_at is not None:
        yield good_finding(
            about,
            f"a write test by '{pin.way.rung}' succeeded at {pin.proven_at:%Y-%m-%d %H:%M} UTC",
        )
    else:
        yield unknown_finding(
            about,
            "nothing was written so far; the first submission will show whether it lets us write",
            PROVE,
        )


def _describe_strategy(
    about: str, server: Server, strategy: WriteStrategy, pin: PinnedStrategy | None
) -> Finding:
    reasons = f" ({'; '.join(strategy.reasons)})" if strategy.reasons else ""
    since = (
        f"pinned at {pin.pinned_at:%Y-%m-%d %H:%M} UTC"
        if pin
        else "pinned with the first submission"
    )
    description = STRATEGY_DESCRIPTIONS[strategy.kind]
    words = f"writes go by '{strategy.kind}', {description}{reasons}; {since}"
    if any(reason.startswith(OBJECTION_PREFIX) for reason in strategy.reasons):
        return wrong_finding(
            about,
            words,
            "Ask the EHR's support to enable it, or remove strategy from the server's table.",
        )
    # An administrator who wants the lesser strategy names it, and the fault is gone.
    to_accept = f'to accept it, set strategy = "{strategy.kind}" in the server\'s table.'
    is_auto = server.strategy == AUTO_STRATEGY
    if is_auto and any(SCOPES_REASON in reason for reason in strategy.reasons):
        return wrong_finding(
            about,
            words,
            f"Add the needed scopes to the server's table, then {RENEGOTIATE}; {to_accept}",
        )
    if is_auto and strategy.kind is WriteStrategyKind.WORKLIST:
        return wrong_finding(
            about,
            words,
            f"Ask the EHR's support for a transaction or another way to write; {to_accept}",
        )
    return good_finding(about, words)


def _describe_change(about: str, strategy: WriteStrategy, negotiated: WriteStrategy) -> Finding:
    """Compare the pinned strategy with a new negotiation.

    It is a fault if the server now offers less than the worker sends.
    """
    safest_first = list(WriteStrategyKind)
    is_lesser = safest_first.index(negotiated.kind) > safest_first.index(strategy.kind)
    if is_lesser or negotiated.parts < strategy.parts:
        return wrong_finding(
            about,
            "it does not offer the pinned strategy; its description now leaves "
            f"'{negotiated.kind}': {'; '.join(negotiated.reasons)}",
            f"Ask the EHR's support to enable it again; {RENEGOTIATE}.",
        )
    return unknown_finding(
        about,
        f"a new negotiation would choose '{negotiated.kind}'; the pinned strategy stays until then",
        f"{RENEGOTIATE}.",
    )
