"""Checks the pinned write strategy against what a new negotiation would choose."""

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

PIN_AGAIN = "`intake check --pin` negotiates it again"
PROVE = "`intake check --write-test` proves it with a test patient, and then removes what it wrote."


def check_pin(
    about: str,
    server: Server,
    settings: Settings,
    capabilities: Capabilities,
    database: Database | None,
) -> Generator[Finding, None, WriteStrategy]:
    """Yield the findings about the server's write strategy, and return the strategy.

    A pinned strategy stays, whatever the server offers by now. Without a database no pin is
    known, and the negotiated strategy is returned.
    """
    negotiated = negotiate_strategy(capabilities, server, settings)
    pin = None if database is None else read_pin(server, settings, database)
    strategy = restore_strategy(pin.strategy) if pin else negotiated
    yield _check_strategy(about, server, strategy, pin)
    # The reasons may differ after a failed write test. Only a different strategy is a finding.
    if replace(strategy, reasons=()) != replace(negotiated, reasons=()):
        yield _compare_strategies(about, strategy, negotiated)
    return strategy


def check_proof(
    about: str, server: Server, settings: Settings, database: Database | None
) -> Iterator[Finding]:
    """Yield whether a write test has shown that the server lets us write."""
    pin = None if database is None else read_pin(server, settings, database)
    if pin is not None and pin.proven_at is not None:
        yield good_finding(
            about,
            f"a write test by '{pin.strategy.kind}' went through at "
            f"{pin.proven_at:%Y-%m-%d %H:%M} UTC",
        )
    else:
        yield unknown_finding(
            about,
            "whether it lets us write is shown by the first submission: nothing was written so far",
            PROVE,
        )


def _check_strategy(
    about: str, server: Server, strategy: WriteStrategy, pin: PinnedStrategy | None
) -> Finding:
    """Return whether the strategy is one that the administrator should accept."""
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
    # An administrator who accepts a lesser strategy names it in the settings. The check then
    # calls it good.
    accept = f'to accept it, name strategy = "{strategy.kind}" in the server\'s table.'
    is_auto = server.strategy == AUTO_STRATEGY
    if is_auto and any(SCOPES_REASON in reason for reason in strategy.reasons):
        return wrong_finding(
            about,
            words,
            f"Add what is needed to scopes in the server's table, and {PIN_AGAIN}; {accept}",
        )
    if is_auto and strategy.kind is WriteStrategyKind.WORKLIST:
        return wrong_finding(
            about,
            words,
            f"Ask the EHR's support for a transaction, or for what they offer; {accept}",
        )
    return good_finding(about, words)


def _compare_strategies(about: str, pinned: WriteStrategy, negotiated: WriteStrategy) -> Finding:
    """Return what has changed since the pin: a fault if the server now takes less."""
    safest_first = list(WriteStrategyKind)
    is_lesser = safest_first.index(negotiated.kind) > safest_first.index(pinned.kind)
    if is_lesser or negotiated.parts < pinned.parts:
        reasons = "; ".join(negotiated.reasons)
        return wrong_finding(
            about,
            f"it does not offer what is pinned; it now offers '{negotiated.kind}': {reasons}",
            f"Ask the EHR's support to enable it again; {PIN_AGAIN}.",
        )
    return unknown_finding(
        about,
        f"a new negotiation would choose '{negotiated.kind}'; the pinned strategy stays until then",
        f"{PIN_AGAIN}.",
    )
