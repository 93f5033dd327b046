"""The ladder: the ways to write, from the safest down, what each writes, and the highest that a server offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.auth.scopes import Action, ScopeNeed
from fhir_client.auth.scopes import missing_needs as not_permitted
from fhir_client.capabilities import Capabilities
from fhir_client.model import WriteStrategyKind
from fhir_client.quirks import STANDARD_QUIRKS, Quirks


class WrittenPart(StrEnum):
    """Something that a submission leaves on the server."""

    CHART = "chart"
    RESPONSE = "response"
    OBSERVATIONS = "observations"
    PROVENANCE = "provenance"
    DOCUMENT = "document"


EVERYTHING = frozenset(
    {WrittenPart.CHART, WrittenPart.RESPONSE, WrittenPart.OBSERVATIONS, WrittenPart.PROVENANCE}
)
PARTS: Mapping[WriteStrategyKind, frozenset[WrittenPart]] = {
    WriteStrategyKind.TRANSACTION: EVERYTHING,
    WriteStrategyKind.PATCH: EVERYTHING,
    WriteStrategyKind.PUT: EVERYTHING,
    WriteStrategyKind.OBSERVATIONS: frozenset({WrittenPart.OBSERVATIONS}),
    WriteStrategyKind.QUESTIONNAIRE_RESPONSE: frozenset({WrittenPart.RESPONSE}),
    WriteStrategyKind.DOCUMENT: frozenset({WrittenPart.DOCUMENT}),
    # A person types it into the chart, and there it is read back.
    WriteStrategyKind.WORKLIST: frozenset({WrittenPart.CHART}),
}
"""What each rung leaves on the server, and what is therefore read back."""

RESOURCE_TYPES: Mapping[WrittenPart, str] = {
    WrittenPart.RESPONSE: "QuestionnaireResponse",
    WrittenPart.OBSERVATIONS: "Observation",
    WrittenPart.PROVENANCE: "Provenance",
    WrittenPart.DOCUMENT: "DocumentReference",
}
"""The kind of resource that each part is made of; the chart is there already."""
CHANGED: Mapping[WriteStrategyKind, tuple[tuple[str, str], ...]] = {
    WriteStrategyKind.TRANSACTION: (("", "transaction"), ("Patient", "update")),
    WriteStrategyKind.PATCH: (("Patient", "patch"),),
    WriteStrategyKind.PUT: (("Patient", "update"),),
}
"""How the rungs that change the chart do it: interactions by kind of resource; "" is the system itself."""
WHOLE_CHART_KINDS = frozenset({WriteStrategyKind.TRANSACTION, WriteStrategyKind.PUT})
"""The rungs that put the chart back as a whole, with all that the server showed of it."""
# Who writes part by part can leave out what a server does not take; of a transaction everything is done or nothing.
_PARTIAL = (WriteStrategyKind.PATCH, WriteStrategyKind.PUT)
# One without search could never be looked up before it is sent again, and nothing would arrive exactly once.
IDENTIFIER_PARAMETER, PATIENT_PARAMETER, TARGET = "identifier", "patient", "target"
"""The search parameters by which what we wrote is found again (R4, search parameter registry)."""
_ACTS: Mapping[WrittenPart, tuple[str, ...]] = {
    **dict.fromkeys(RESOURCE_TYPES, ("create", "search-type")),
    WrittenPart.RESPONSE: ("create", "read", "search-type"),
}
OBJECTION_PREFIX = "but "
"""Begins the reason that speaks against a rung which the settings name nevertheless."""
SCOPES_REASON = "our scopes do not permit to"
"""Stands in the reasons that more scopes would take away."""
_LETTERS = {
    "create": Action.CREATE,
    "read": Action.READ,
    "update": Action.UPDATE,
    "patch": Action.UPDATE,
    "search-type": Action.SEARCH,
}


@dataclass(frozen=True, slots=True)
class WriteStrategy:
    """How a server is written to: by which rung, which parts it leaves there, and why not by a safer rung, or more.

    `batch` tells whether it is read back in one request. `by_patient` are the kinds of resource that it does not search by
    identifier: ours are picked out of all of the patient's then, and none can be asked to be created only once.
    """

    kind: WriteStrategyKind = WriteStrategyKind.TRANSACTION
    parts: frozenset[WrittenPart] = EVERYTHING
    batch: bool = True
    reasons: tuple[str, ...] = ()
    by_patient: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServerOffer:
    """What a server offers us: what it says that it can do, what is known of its kind, and what our scopes permit.

    `scopes` is None where no scopes limit us, or nobody says which. `failed` are the rungs by which a write test failed.
    """

    capabilities: Capabilities
    quirks: Quirks = STANDARD_QUIRKS
    scopes: tuple[str, ...] | None = None
    failed: frozenset[WriteStrategyKind] = frozenset()


def full_strategy(rung: WriteStrategyKind) -> WriteStrategy:
    """Return the strategy that writes all that the rung can."""
    return WriteStrategy(rung, PARTS[rung])


def write_interactions(strategy: WriteStrategy) -> tuple[tuple[str, str], ...]:
    """Return every interaction that the strategy asks of a server, by kind of resource; "" is the system itself."""
    made = tuple(
        each for part in WrittenPart if part in strategy.parts for each in _asked_for(part)
    )
    return (("Patient", "read"), *CHANGED.get(strategy.kind, ()), *made)


def undo_interactions(strategy: WriteStrategy) -> tuple[tuple[str, str], ...]:
    """Return every interaction that undo asks beside: what was created is marked as entered in error."""
    return tuple(
        (RESOURCE_TYPES[part], "update")
        for part in (WrittenPart.RESPONSE, WrittenPart.OBSERVATIONS)
        if part in strategy.parts
    )


def scope_needs(interactions: Iterable[tuple[str, str]]) -> tuple[ScopeNeed, ...]:
    """Return what scopes have to permit for interactions."""
    return tuple(
        dict.fromkeys(ScopeNeed(kind, _LETTERS[act]) for kind, act in interactions if kind)
    )


def choose_strategy(offer: ServerOffer, pinned: WriteStrategyKind | None = None) -> WriteStrategy:
    """Return the highest rung that the server offers, or the pinned one; the same input, the same strategy."""
    if pinned is not None:
        fault = _missing(pinned, offer)
        return _by(
            pinned,
            offer,
            "the settings name it",
            *([f"{OBJECTION_PREFIX}{fault}"] if fault else []),
        )
    reasons: list[str] = []
    for rung in WriteStrategyKind:
        if not (fault := _missing(rung, offer)):
            return _by(rung, offer, *reasons)
        reasons.append(f"no {rung}: {fault}")
    return _by(WriteStrategyKind.WORKLIST, offer, *reasons)


def _by(rung: WriteStrategyKind, offer: ServerOffer, *reasons: str) -> WriteStrategy:
    parts, without = _parts(rung, offer)
    kinds = (
        RESOURCE_TYPES[part] for part in parts & RESOURCE_TYPES.keys() - {WrittenPart.PROVENANCE}
    )
    by_patient = frozenset(
        kind for kind in kinds if not _searches(offer.capabilities, kind, IDENTIFIER_PARAMETER)
    )
    return WriteStrategy(rung, parts, _batch(offer), (*reasons, *without), by_patient)


def _batch(offer: ServerOffer) -> bool:
    # US Core asks no server for a batch (MAY), so that one which says nothing of it is read part by part.
    return offer.quirks.batch and bool(offer.capabilities.interactions & {"batch", "transaction"})


def _missing(rung: WriteStrategyKind, offer: ServerOffer) -> str:
    """Return why a rung cannot be stood on, "" where it can."""
    if rung.value not in offer.quirks.rungs:
        return "the quirks of this kind of server rule it out"
    if rung in offer.failed:
        return "a write test by it failed"
    if rung in CHANGED and offer.capabilities.for_resource("Patient").versioning == "no-version":
        return "it keeps no versions of Patient, so that somebody else's change would be overwritten unseen"
    needed = () if rung in _PARTIAL else PARTS[rung] - {WrittenPart.CHART}
    lacking = (
        _lacking(CHANGED.get(rung, ()), offer),
        *(_without(part, offer) for part in WrittenPart if part in needed),
    )
    return "; ".join(filter(None, lacking))


def _parts(rung: WriteStrategyKind, offer: ServerOffer) -> tuple[frozenset[WrittenPart], list[str]]:
    """Return what the rung leaves on this server, and why not the rest."""
    if rung not in _PARTIAL:
        return PARTS[rung], []
    without = {part: _without(part, offer) for part in RESOURCE_TYPES if part in PARTS[rung]}
    if without[WrittenPart.RESPONSE] and not without[WrittenPart.PROVENANCE]:
        # It says that the chart's values were drawn from the answers, and by these it is found again.
        without[WrittenPart.PROVENANCE] = "there is no QuestionnaireResponse that it could name"
    told = [
        f"without {RESOURCE_TYPES[part]}: {reason}" for part, reason in without.items() if reason
    ]
    return PARTS[rung] - {part for part, reason in without.items() if reason}, told


def _without(part: WrittenPart, offer: ServerOffer) -> str:
    """Return why a part cannot be left on the server, "" where it can."""
    quirks = offer.quirks
    if (
        part is WrittenPart.RESPONSE
        and quirks.own_questionnaires
        and not (quirks.questionnaire and quirks.items)
    ):
        return (
            "it takes only its own questionnaires, and the quirks map our questions to none of them"
        )
    return _lacking(_asked_for(part), offer) or _unfindable(
        RESOURCE_TYPES[part], offer.capabilities
    )


def search_parameters(kind: str) -> tuple[str, ...]:
    """Return the search parameters of which one finds what we wrote of a kind of resource, the better first."""
    return (
        (TARGET,)
        if kind == RESOURCE_TYPES[WrittenPart.PROVENANCE]
        else (IDENTIFIER_PARAMETER, PATIENT_PARAMETER)
    )


def _unfindable(kind: str, server: Capabilities) -> str:
    """Return why ours of that kind could not be found again, "" where they can."""
    by = search_parameters(kind)
    return (
        ""
        if any(_searches(server, kind, each) for each in by)
        else f"it does not search {kind} by {' or '.join(by)}"
    )


def _searches(server: Capabilities, kind: str, parameter: str) -> bool:
    # What is not said of a kind may be tried.
    said = server.for_resource(kind).search_parameters
    return said is None or parameter in said


def _asked_for(part: WrittenPart) -> tuple[tuple[str, str], ...]:
    return tuple((RESOURCE_TYPES[part], act) for act in _ACTS.get(part, ()))


def _lacking(wanted: tuple[tuple[str, str], ...], offer: ServerOffer) -> str:
    unoffered = [
        f"{kind} {act}".strip()
        for kind, act in wanted
        if not _offers(offer.capabilities, kind, act)
    ]
    if unoffered:
        return f"it does not offer {', '.join(unoffered)}"
    wished = [ScopeNeed(kind, _LETTERS[act]) for kind, act in wanted if kind]
    refused = () if offer.scopes is None else not_permitted(offer.scopes, wished)
    return f"{SCOPES_REASON} {', '.join(map(str, refused))}" if refused else ""


def _offers(server: Capabilities, kind: str, interaction: str) -> bool:
    # What is not said of a kind may be tried; a transaction has to be promised.
    said = server.for_resource(kind).interactions if kind else server.interactions
    return said is None or interaction in said
