"""Counts what a FHIR server holds before and after submissions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_client.client import FhirClient
from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements, element_meanings
from fhir_client.uscore.combined_question import CombinedRules
from fhir_client.uscore.observations import build_observations
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import CategoryAnswer, Statement
from fhir_client.uscore.versions import UsCoreVersion, us_core_version
from intake.answers import Submission
from intake.mapping import site_mapping
from intake.mapping.elements import untouched_elements
from intake.settings import Settings
from intake.terminology import find_detail
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

    `lost`: missing effects. `twice`: effects beyond the first. `strange`: new resources of no
    submission. `harmed`: resources that are gone, or changed beyond what a submission states.
    """

    lost: int = 0
    twice: int = 0
    strange: int = 0
    harmed: int = 0


def take_census(client: FhirClient) -> Census:
    """Return everything that the server holds."""
    return {
        f"{kind}/{resource['id']}": resource
        for kind in KINDS
        for resource in client.search(kind, {"_count": PAGE})
    }


def compare_censuses(
    before: Census, after: Census, submissions: Sequence[Submission], settings: Settings
) -> Discrepancies:
    """Compare two censuses.

    Between them the submissions were delivered, in this order for each patient.
    """
    version = us_core_version(settings.servers["main"].us_core)
    statements = [site_mapping.map_submission(submission, settings) for submission in submissions]
    expected = {effect for statement in statements for effect in _effects(statement, version)}
    actual = Counter(
        _effect(resource, after) for reference, resource in after.items() if reference not in before
    )
    return Discrepancies(
        lost=len(expected - actual.keys()),
        twice=sum(actual[effect] - 1 for effect in expected & actual.keys()),
        strange=sum(count for effect, count in actual.items() if effect not in expected),
        harmed=_count_harmed(
            before, after, list(zip(submissions, statements, strict=True)), settings
        ),
    )


def _effects(statement: Statement, version: UsCoreVersion) -> set[tuple[str, str]]:
    """Return what the submission leaves on a server: one of each."""
    elements = {
        ("Observation", observation["identifier"][0]["value"])
        for _, observation in build_observations(statement, version)
    }
    return {
        ("QuestionnaireResponse", statement.submission.urn),
        ("Provenance", statement.submission.urn),
        *elements,
    }


def _effect(resource: Json, census: Census) -> tuple[str, str]:
    """Return what the resource is an effect of; a Provenance is one of its response."""
    kind = resource["resourceType"]
    if kind == "Provenance":
        drawn_from = next(
            (entity["what"].get("reference", "") for entity in resource.get("entity", [])), ""
        )
        return kind, _identifier(census.get(drawn_from, {}))
    return kind, _identifier(resource)


def _identifier(resource: Json) -> str:
    identifiers = resource.get("identifier", [])
    first = identifiers if isinstance(identifiers, dict) else next(iter(identifiers), {})
    return str(first.get("value", ""))


def _count_harmed(
    before: Census,
    after: Census,
    answered: list[tuple[Submission, Statement]],
    settings: Settings,
) -> int:
    version = us_core_version(settings.servers["main"].us_core)
    charts = dict(before)
    earlier: dict[str, list[Statement]] = {}
    for submission, statement in answered:
        own = earlier.setdefault(statement.patient, [])
        policy = MergePolicy(
            decline_erases=settings.mapping.decline_erases,
            combined=_combined_rules(submission, statement, own, settings),
        )
        merge = merge_statement(charts[statement.patient], statement, version, policy)
        charts[statement.patient] = merge.patient
        own.insert(0, statement)
    patients = set(earlier)
    same = (_same_chart if reference in patients else _same for reference in charts)
    pairs = ((charts[reference], after.get(reference)) for reference in charts)
    return sum(
        now is None or not alike(then, now) for alike, (then, now) in zip(same, pairs, strict=True)
    )


def _combined_rules(
    submission: Submission, statement: Statement, earlier: list[Statement], settings: Settings
) -> CombinedRules:
    """Return the rules for a chart that has the patient's `earlier` answers, the newest first."""
    if not any(isinstance(value, CategoryAnswer) for value in statement.values.values()):
        return CombinedRules()
    questions = settings.question_sets[submission.question_set]
    untouched = untouched_elements(submission, questions, statement.values.keys())
    return CombinedRules(
        dict.fromkeys(untouched, settings.merge.untouched),
        {
            element: tuple(
                value
                for other in earlier
                if isinstance(value := other.values.get(element), CategoryAnswer)
            )
            for element in (Element.RACE, Element.ETHNICITY)
        },
        find_detail,
    )


def _same(then: Json, now: Json) -> bool:
    return then == now


def _same_chart(then: Json, now: Json) -> bool:
    return chart_of_others(then) == chart_of_others(now) and element_meanings(
        chart_elements(then)
    ) == element_meanings(chart_elements(now))
