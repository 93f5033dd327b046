"""Everything that a FHIR server holds, counted before and after: what of it submissions account for, and what they do not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_client.client import FhirClient
from fhir_client.uscore.chart import chart_elements, element_meanings
from fhir_client.uscore.observations import build_observations
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion, us_core_version
from intake.answers import Submission
from intake.mapping import site_mapping
from intake.settings import Settings
from tests.support.outbox import chart_of_others

Json = dict[str, Any]
Census = Mapping[str, Json]
"""Resources by their reference."""
WRITTEN = ("QuestionnaireResponse", "Observation", "Provenance")
KINDS = (
    "Patient",
    *WRITTEN,
    "Organization",
    "RelatedPerson",
    "Practitioner",
    "Encounter",
    "Questionnaire",
    "DocumentReference",
)
PAGE = "500"


@dataclass(frozen=True, slots=True)
class Discrepancies:
    """What a census found wrong.

    `lost`: effects that are missing; `twice`: effects beyond the first; `strange`: new resources that no submission accounts
    for; `harmed`: resources that are gone or say something else than before, beyond what was said.
    """

    lost: int = 0
    twice: int = 0
    strange: int = 0
    harmed: int = 0


def take_census(client: FhirClient) -> Census:
    """Return everything that the server holds."""
    return {
        f"{kind}/{each['id']}": each
        for kind in KINDS
        for each in client.search(kind, {"_count": PAGE})
    }


def compare_censuses(
    before: Census, after: Census, sent: Sequence[Submission], settings: Settings
) -> Discrepancies:
    """Compare two censuses, between which the submissions were delivered, in this order for each patient."""
    written, policy = (
        us_core_version(settings.servers["main"].us_core),
        MergePolicy(decline_erases=settings.mapping.decline_erases),
    )
    said = [site_mapping.map_submission(each, settings) for each in sent]
    expected = {effect for each in said for effect in _effects(each, written)}
    found = Counter(
        _effect(each, after) for reference, each in after.items() if reference not in before
    )
    return Discrepancies(
        lost=len(expected - found.keys()),
        twice=sum(found[each] - 1 for each in expected & found.keys()),
        strange=sum(count for each, count in found.items() if each not in expected),
        harmed=_harmed(before, after, said, written, policy),
    )


def _effects(said: Statement, written: UsCoreVersion) -> set[tuple[str, str]]:
    """Return what the submission leaves on a server: one of each."""
    elements = {
        ("Observation", each["identifier"][0]["value"])
        for _, each in build_observations(said, written)
    }
    return {
        ("QuestionnaireResponse", said.submission.urn),
        ("Provenance", said.submission.urn),
        *elements,
    }


def _effect(resource: Json, held: Census) -> tuple[str, str]:
    """Return what the resource is an effect of; a Provenance is of the response that it says it was drawn from."""
    kind = resource["resourceType"]
    if kind == "Provenance":
        drawn_from = next(
            (each["what"].get("reference", "") for each in resource.get("entity", [])), ""
        )
        return kind, _identifier(held.get(drawn_from, {}))
    return kind, _identifier(resource)


def _identifier(resource: Json) -> str:
    found = resource.get("identifier", [])
    first = found if isinstance(found, dict) else next(iter(found), {})
    return str(first.get("value", ""))


def _harmed(
    before: Census,
    after: Census,
    said: list[Statement],
    written: UsCoreVersion,
    policy: MergePolicy,
) -> int:
    charts = dict(before)
    for each in said:
        charts[each.patient] = merge_statement(charts[each.patient], each, written, policy).patient
    of_ours = {each.patient for each in said}
    same = (_same_chart if reference in of_ours else _same for reference in charts)
    pairs = ((charts[reference], after.get(reference)) for reference in charts)
    return sum(
        now is None or not alike(then, now) for alike, (then, now) in zip(same, pairs, strict=True)
    )


def _same(then: Json, now: Json) -> bool:
    return then == now


def _same_chart(then: Json, now: Json) -> bool:
    return chart_of_others(then) == chart_of_others(now) and element_meanings(
        chart_elements(then)
    ) == element_meanings(chart_elements(now))
