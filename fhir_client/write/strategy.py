"""Negotiates the safest write strategy that a server offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.auth.scopes import Action, ScopeNeed
from fhir_client.auth.scopes import missing_needs as not_permitted
from fhir_client.capabilities import Capabilities
from fhir_client.model import WriteStrategyKind
from fhir_client.quirks import STANDARD_QUIRKS, Quirks


class WrittenPart(StrEnum):
    """A part of a submission on the server."""

    CHART = "chart"
    RESPONSE = "response"
    OBSERVATIONS = "observations"
    PROVENANCE = "provenance"
    DOCUMENT = "document"


Interaction = tuple[str, str]
"""A resource type and a FHIR interaction with it; the type "" is the whole system."""

EVERYTHING = frozenset(
    {WrittenPart.CHART, WrittenPart.RESPONSE, WrittenPart.OBSERVATIONS, WrittenPart.PROVENANCE}
)
# The parts that each strategy leaves on the server, which the read-back checks.
PARTS: Mapping[WriteStrategyKind, frozenset[WrittenPart]] = {
    WriteStrategyKind.TRANSACTION: EVERYTHING,
    WriteStrategyKind.PATCH: EVERYTHING,
    WriteStrategyKind.PUT: EVERYTHING,
    WriteStrategyKind.OBSERVATIONS: frozenset({WrittenPart.OBSERVATIONS}),
    WriteStrategyKind.QUESTIONNAIRE_RESPONSE: frozenset({WrittenPart.RESPONSE}),
    WriteStrategyKind.DOCUMENT: frozenset({WrittenPart.DOCUMENT}),
    # A person types the answers into the chart, so the read-back looks at the chart.
    WriteStrategyKind.WORKLIST: frozenset({WrittenPart.CHART}),
}

# The resource type of each part that we create; the chart exists already.
RESOURCE_TYPES: Mapping[WrittenPart, str] = {
    WrittenPart.RESPONSE: "QuestionnaireResponse",
    WrittenPart.OBSERVATIONS: "Observation",
    WrittenPart.PROVENANCE: "Provenance",
    WrittenPart.DOCUMENT: "DocumentReference",
}
# The interactions by which a strategy changes the chart.
CHART_INTERACTIONS: Mapping[WriteStrategyKind, tuple[Interaction, ...]] = {
    WriteStrategyKind.TRANSACTION: (("", "transaction"), ("Patient", "update")),
    WriteStrategyKind.PATCH: (("Patient", "patch"),),
    WriteStrategyKind.PUT: (("Patient", "update"),),
}
# The strategies that put back the whole chart, with everything that the server showed of it.
WHOLE_CHART_KINDS = frozenset({WriteStrategyKind.TRANSACTION, WriteStrategyKind.PUT})
# A stepwise strategy can leave out a part that the server refuses. A transaction cannot.
_STEPWISE_KINDS = (WriteStrategyKind.PATCH, WriteStrategyKind.PUT)
# Exactly-once delivery needs a search: a retry must find the result of an earlier attempt.
IDENTIFIER_PARAMETER, PATIENT_PARAMETER, TARGET_PARAMETER = "identifier", "patient", "target"
"""The search parameters that find our resources again (R4, search parameter registry)."""
_PART_INTERACTIONS: Mapping[WrittenPart, tuple[str, ...]] = {
    **dict.fromkeys(RESOURCE_TYPES, ("create", "search-type")),
    WrittenPart.RESPONSE: ("create", "read", "search-type"),
}
# The start of a reason against a strategy that the settings name.
OBJECTION_PREFIX = "but "
# The words in every reason that more scopes would remove.
SCOPES_REASON = "our scopes do not permit to"
_ACTIONS = {
    "create": Action.CREATE,
    "read": Action.READ,
    "update": Action.UPDATE,
    "patch": Action.UPDATE,
    "search-type": Action.SEARCH,
}


@dataclass(frozen=True, slots=True)
class WriteStrategy:
    """How a server is written to.

    - `kind` and `parts`: the strategy, and the parts that it leaves on this server.
    - `batch`: the read-back takes one request.
    - `reasons`: why no safer strategy, and why not more parts.
    - `by_patient`: resource types that the server does not search by identifier. Ours are picked
      out of all of the patient's, and a conditional create is impossible.
    """

    kind: WriteStrategyKind = WriteStrategyKind.TRANSACTION
    parts: frozenset[WrittenPart] = EVERYTHING
    batch: bool = True
    reasons: tuple[str, ...] = ()
    by_patient: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServerOffer:
    """A server's declared capabilities, its quirks, and what our scopes permit there.

    `scopes` is None where no scopes limit us, or where they are unknown. `failed` are the
    strategies with a failed write test.
    """

    capabilities: Capabilities
    quirks: Quirks = STANDARD_QUIRKS
    scopes: tuple[str, ...] | None = None
    failed: frozenset[WriteStrategyKind] = frozenset()


def full_strategy(kind: WriteStrategyKind) -> WriteStrategy:
    """Return the strategy of that kind with all of its parts."""
    return WriteStrategy(kind, PARTS[kind])


def write_interactions(strategy: WriteStrategy) -> tuple[Interaction, ...]:
    """Return every interaction that a write by the strategy needs."""
    for_parts = tuple(
        interaction
        for part in WrittenPart
        if part in strategy.parts
        for interaction in _part_interactions(part)
    )
    return (("Patient", "read"), *CHART_INTERACTIONS.get(strategy.kind, ()), *for_parts)


def undo_interactions(strategy: WriteStrategy) -> tuple[Interaction, ...]:
    """Return every further interaction that an undo needs.

    An undo marks the created resources as entered in error.
    """
    return tuple(
        (RESOURCE_TYPES[part], "update")
        for part in (WrittenPart.RESPONSE, WrittenPart.OBSERVATIONS)
        if part in strategy.parts
    )


def scope_needs(interactions: Iterable[Interaction]) -> tuple[ScopeNeed, ...]:
    """Return the needs that scopes must permit for these interactions."""
    needs = (
        ScopeNeed(resource_type, _ACTIONS[interaction])
        for resource_type, interaction in interactions
        if resource_type
    )
    return tuple(dict.fromkeys(needs))


def choose_strategy(offer: ServerOffer, pinned: WriteStrategyKind | None = None) -> WriteStrategy:
    """Return the safest strategy that the server offers, or the pinned one.

    The same offer always gives the same strategy.
    """
    if pinned is not None:
        obstacle = _find_obstacle(pinned, offer)
        objections = [f"{OBJECTION_PREFIX}{obstacle}"] if obstacle else []
        return _build_strategy(pinned, offer, "the settings name it", *objections)
    reasons: list[str] = []
    for kind in WriteStrategyKind:
        if not (obstacle := _find_obstacle(kind, offer)):
            return _build_strategy(kind, offer, *reasons)
        reasons.append(f"no {kind}: {obstacle}")
    return _build_strategy(WriteStrategyKind.WORKLIST, offer, *reasons)


def _build_strategy(kind: WriteStrategyKind, offer: ServerOffer, *reasons: str) -> WriteStrategy:
    parts, omissions = _possible_parts(kind, offer)
    resource_types = (
        RESOURCE_TYPES[part] for part in parts & RESOURCE_TYPES.keys() - {WrittenPart.PROVENANCE}
    )
    by_patient = frozenset(
        resource_type
        for resource_type in resource_types
        if not _supports_search(offer.capabilities, resource_type, IDENTIFIER_PARAMETER)
    )
    return WriteStrategy(kind, parts, _takes_batch(offer), (*reasons, *omissions), by_patient)


def _takes_batch(offer: ServerOffer) -> bool:
    # US Core requires a batch of no server (MAY). Without a declaration we read part by part.
    return offer.quirks.batch and bool(offer.capabilities.interactions & {"batch", "transaction"})


def _find_obstacle(kind: WriteStrategyKind, offer: ServerOffer) -> str:
    """Return why a strategy is impossible, "" where it is possible."""
    if kind.value not in offer.quirks.write_strategies:
        return "the quirks of this kind of server rule it out"
    if kind in offer.failed:
        return "a write test by it failed"
    versioning = offer.capabilities.for_resource("Patient").versioning
    if kind in CHART_INTERACTIONS and versioning == "no-version":
        return "it keeps no versions of Patient, so a write could replace another change unseen"
    needed = () if kind in _STEPWISE_KINDS else PARTS[kind] - {WrittenPart.CHART}
    obstacles = (
        _find_lack(CHART_INTERACTIONS.get(kind, ()), offer),
        *(_find_part_obstacle(part, offer) for part in WrittenPart if part in needed),
    )
    return "; ".join(filter(None, obstacles))


def _possible_parts(
    kind: WriteStrategyKind, offer: ServerOffer
) -> tuple[frozenset[WrittenPart], list[str]]:
    """Return the possible parts on this server, and why not the others."""
    if kind not in _STEPWISE_KINDS:
        return PARTS[kind], []
    obstacles = {
        part: _find_part_obstacle(part, offer) for part in RESOURCE_TYPES if part in PARTS[kind]
    }
    if obstacles[WrittenPart.RESPONSE] and not obstacles[WrittenPart.PROVENANCE]:
        # A Provenance names the QuestionnaireResponse as its source, and is found again by it.
        obstacles[WrittenPart.PROVENANCE] = "there is no QuestionnaireResponse that it could name"
    omitted = {part: obstacle for part, obstacle in obstacles.items() if obstacle}
    reasons = [f"without {RESOURCE_TYPES[part]}: {reason}" for part, reason in omitted.items()]
    return PARTS[kind] - frozenset(omitted), reasons


def _find_part_obstacle(part: WrittenPart, offer: ServerOffer) -> str:
    """Return why a part cannot be left on the server, "" where it can."""
    quirks = offer.quirks
    has_item_map = bool(quirks.questionnaire and quirks.items)
    if part is WrittenPart.RESPONSE and quirks.own_questionnaires and not has_item_map:
        return (
            "it takes only its own questionnaires, and the quirks map our questions to none of them"
        )
    return _find_lack(_part_interactions(part), offer) or _find_search_lack(
        RESOURCE_TYPES[part], offer.capabilities
    )


def search_parameters(resource_type: str) -> tuple[str, ...]:
    """Return the search parameters that find our resources, the best first."""
    # A Provenance has no identifier in R4.
    if resource_type == RESOURCE_TYPES[WrittenPart.PROVENANCE]:
        return (TARGET_PARAMETER,)
    return (IDENTIFIER_PARAMETER, PATIENT_PARAMETER)


def _find_search_lack(resource_type: str, server: Capabilities) -> str:
    """Return why our resources of a type could not be found again, "" where they can."""
    parameters = search_parameters(resource_type)
    if any(_supports_search(server, resource_type, parameter) for parameter in parameters):
        return ""
    return f"it does not search {resource_type} by {' or '.join(parameters)}"


def _supports_search(server: Capabilities, resource_type: str, parameter: str) -> bool:
    # An undeclared search may be tried.
    declared = server.for_resource(resource_type).search_parameters
    return declared is None or parameter in declared


def _part_interactions(part: WrittenPart) -> tuple[Interaction, ...]:
    return tuple(
        (RESOURCE_TYPES[part], interaction) for interaction in _PART_INTERACTIONS.get(part, ())
    )


def _find_lack(interactions: tuple[Interaction, ...], offer: ServerOffer) -> str:
    """Return what is not offered or not permitted, "" for nothing."""
    not_offered = [
        f"{resource_type} {interaction}".strip()
        for resource_type, interaction in interactions
        if not _is_offered(offer.capabilities, resource_type, interaction)
    ]
    if not_offered:
        return f"it does not offer {', '.join(not_offered)}"
    if offer.scopes is None:
        return ""
    refused = not_permitted(offer.scopes, scope_needs(interactions))
    return f"{SCOPES_REASON} {', '.join(map(str, refused))}" if refused else ""


def _is_offered(server: Capabilities, resource_type: str, interaction: str) -> bool:
    if not resource_type:
        # A transaction must be declared: a server may take one for a batch and do half of it.
        return interaction in server.interactions
    # An undeclared interaction with a resource type may be tried.
    declared = server.for_resource(resource_type).interactions
    return declared is None or interaction in declared
