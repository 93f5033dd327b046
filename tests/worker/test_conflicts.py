"""The site's policy decides a conflict, or leaves it to a reviewer."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from fhir_client.errors import ChartConflictError
from fhir_client.model import Conflict
from intake.settings import ConflictPolicy, Settings
from intake.store.outbox.conflict_decisions import ConflictChoice, ConflictDecision
from intake.worker.conflicts import settle_conflicts, writer_with_decisions
from intake.worker.outcomes import Decided, Held
from tests.support.worker_site import WorkerSite

RACE = Conflict("race", ("Asian",), ("White",), "race-hash")
OWN_RACE = replace(RACE, by_patient=True)
INTERPRETER = Conflict("interpreter", ("yes",), ("no",), "interpreter-hash")


def with_policy(settings: Settings, **policies: Any) -> Settings:
    return replace(settings, merge=replace(settings.merge, **policies))


def conflict_error(*conflicts: Conflict) -> ChartConflictError:
    return ChartConflictError("The chart was changed", conflicts)


@pytest.mark.parametrize("choice", ConflictChoice)
def test_a_policy_decides_over_the_value_that_was_seen(
    worker_site: WorkerSite, choice: ConflictChoice
) -> None:
    settings = with_policy(worker_site.settings, race=ConflictPolicy(choice.value))
    leased = worker_site.lease_new()
    outcome = settle_conflicts(leased, conflict_error(RACE), settings)
    assert outcome == Decided(leased, {"race": ConflictDecision(choice, "race-hash")})


def test_without_a_policy_a_reviewer_decides(worker_site: WorkerSite) -> None:
    leased = worker_site.lease_new()
    outcome = settle_conflicts(leased, conflict_error(RACE), worker_site.settings)
    assert isinstance(outcome, Held)
    assert outcome.reason == "chart-changed"
    assert "Asian" not in outcome.message
    [stored] = msgspec.json.decode(outcome.detail or "")
    assert (stored["element"], stored["chart"]) == ("race", ["Asian"])


def test_one_conflict_for_a_reviewer_leaves_all_undecided(worker_site: WorkerSite) -> None:
    settings = with_policy(worker_site.settings, race=ConflictPolicy.CHART)
    leased = worker_site.lease_new()
    outcome = settle_conflicts(leased, conflict_error(RACE, INTERPRETER), settings)
    assert isinstance(outcome, Held)
    assert [each["element"] for each in msgspec.json.decode(outcome.detail or "")] == [
        "interpreter"
    ]


def test_no_policy_replaces_the_patients_own_answer(worker_site: WorkerSite) -> None:
    settings = with_policy(worker_site.settings, race=ConflictPolicy.PERSON)
    leased = worker_site.lease_new()
    assert isinstance(settle_conflicts(leased, conflict_error(OWN_RACE), settings), Held)
    # The chart's own answer may stay by policy: nothing is replaced then.
    settings = with_policy(worker_site.settings, race=ConflictPolicy.CHART)
    assert isinstance(settle_conflicts(leased, conflict_error(OWN_RACE), settings), Decided)


def test_an_element_decided_for_the_chart_is_not_written(worker_site: WorkerSite) -> None:
    writer, leased = worker_site.context.writer, worker_site.lease_new()
    assert writer_with_decisions(writer, leased) is writer
    decisions = {
        "race": ConflictDecision(ConflictChoice.CHART, "race-hash"),
        "interpreter": ConflictDecision(ConflictChoice.PERSON, "interpreter-hash"),
    }
    decided = writer_with_decisions(writer, replace(leased, decisions=decisions))
    assert decided.policy.elements_to_keep == {"race"}
