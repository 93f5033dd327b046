"""Where chart and person differ: by the site's policy one of them gives way, else the row is held for a reviewer."""

from dataclasses import replace

from fhir_client.errors import ChartChanged, Contested
from fhir_client.writing.values import Writer
from intake.settings import Contested as Policy
from intake.store import audit, claims, deciding, servers
from intake.store.claims import Claimed, Leased
from intake.store.deciding import Contest, Decision, Take
from intake.sync.bench import Bench, told
from intake.sync.outcomes import hold

POLICY = "policy"
"""Who decided, in the audit, where the site's settings did."""


def met(bench: Bench, claimed: Claimed, error: ChartChanged) -> None:
    """Decide by policy what it decides, and send the row again; what is left is a reviewer's."""
    policies = {each.element: _policy(bench, each) for each in error.contested}
    left = tuple(each for each in error.contested if policies[each.element] is Policy.REVIEW)
    if left:
        hold_contested(bench, claimed, error, left)
        return
    decisions = {
        each.element: Decision(Take(policies[each.element].value), each.over)
        for each in error.contested
    }
    with bench.database.write() as tx:
        kept = claims.decide(tx, claimed, decisions, tx.now)
        servers.let_in(tx, bench.server.id)
        if kept:
            audit.record(tx, POLICY, "conflict-decided", claimed.row.id)
    told(bench, claimed, "decided", kept=kept)


def _policy(bench: Bench, contested: Contested) -> Policy:
    """Return who decides: what a patient said themselves, nobody else's word replaces without a reviewer."""
    found = bench.settings.merge.of(contested.element)
    return Policy.REVIEW if contested.own and found is Policy.PERSON else found


def hold_contested(
    bench: Bench, row: Leased, error: ChartChanged, contested: tuple[Contested, ...]
) -> None:
    """Hold a row until a reviewer has decided; what both say is sealed with it."""
    contests = tuple(
        Contest(each.element, each.chart, each.said, each.over, each.own) for each in contested
    )
    hold(bench, row, deciding.CONTESTED, error.words, detail=deciding.as_detail(contests))


def deciding_writer(writer: Writer, claimed: Claimed) -> Writer:
    """Return how this row is written: what was decided for the chart stays as the chart has it."""
    keeps = frozenset(name for name, each in claimed.decided.items() if each.take is Take.CHART)
    return replace(writer, policy=replace(writer.policy, keeps=keeps)) if keeps else writer
