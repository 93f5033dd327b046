"""By which rung of the ladder a server is written to: what is pinned, and what it would be if it were found anew."""

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

ANEW = "`intake check --pin` has it found anew"
PROVE = "`intake check --write-test` proves it with a test patient, and takes away what it writes."


def check_pin(
    about: str, server: Server, settings: Settings, said: Capabilities, database: Database | None
) -> Generator[Finding, None, WriteStrategy]:
    """Yield by which rung the server is written to, and return how: what is pinned stands, whatever it offers by now.

    Without a database nobody knows what is pinned.
    """
    now = negotiate_strategy(said, server, settings)
    kept = None if database is None else read_pin(server, settings, database)
    strategy = restore_strategy(kept.way) if kept else now
    yield _rung(about, server, strategy, kept)
    # The reasons may have changed with what was tried since; what counts is what is done.
    if replace(strategy, reasons=()) != replace(now, reasons=()):
        yield _other(about, strategy, now)
    return strategy


def check_proof(
    about: str, server: Server, settings: Settings, database: Database | None
) -> Iterator[Finding]:
    """Yield whether a write test has shown that the server lets us write."""
    kept = None if database is None else read_pin(server, settings, database)
    if kept is not None and kept.proven_at is not None:
        yield good_finding(
            about,
            f"a write test by '{kept.way.rung}' went through at {kept.proven_at:%Y-%m-%d %H:%M} UTC",
        )
    else:
        yield unknown_finding(
            about,
            "whether it lets us write is shown by the first submission: nothing was written so far",
            PROVE,
        )


def _rung(
    about: str, server: Server, strategy: WriteStrategy, kept: PinnedStrategy | None
) -> Finding:
    why = f" ({'; '.join(strategy.reasons)})" if strategy.reasons else ""
    since = (
        f"pinned at {kept.pinned_at:%Y-%m-%d %H:%M} UTC"
        if kept
        else "pinned with the first submission"
    )
    words = f"writes go by '{strategy.kind}', {STRATEGY_DESCRIPTIONS[strategy.kind]}{why}; {since}"
    if any(each.startswith(OBJECTION_PREFIX) for each in strategy.reasons):
        return wrong_finding(
            about,
            words,
            "Ask the EHR's support to enable it, or take strategy out of the server's table.",
        )
    so_wanted = f'where it shall be so, name strategy = "{strategy.kind}" in the server\'s table.'
    if server.strategy == AUTO_STRATEGY and any(SCOPES_REASON in each for each in strategy.reasons):
        return wrong_finding(
            about,
            words,
            f"Add what is needed to scopes in the server's table, and {ANEW}; {so_wanted}",
        )
    if server.strategy == AUTO_STRATEGY and strategy.kind is WriteStrategyKind.WORKLIST:
        return wrong_finding(
            about,
            words,
            f"Ask the EHR's support for a transaction, or for what they offer; {so_wanted}",
        )
    return good_finding(about, words)


def _other(about: str, strategy: WriteStrategy, now: WriteStrategy) -> Finding:
    """Say what has changed since it was pinned: a fault where the server takes less than is sent to it."""
    rungs = list(WriteStrategyKind)
    if rungs.index(now.kind) > rungs.index(strategy.kind) or now.parts < strategy.parts:
        left = f"by what it says now, '{now.kind}' is left: {'; '.join(now.reasons)}"
        return wrong_finding(
            about,
            f"it does not offer what is pinned; {left}",
            f"Ask the EHR's support to enable it again; {ANEW}.",
        )
    return unknown_finding(
        about, f"found anew, it would be '{now.kind}'; what is pinned stays until then", f"{ANEW}."
    )
