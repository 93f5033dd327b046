"""The ladder: the ways to write, from the safest down, what each writes, and the highest that a server offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.auth.scopes import Act, Need
from fhir_client.auth.scopes import missing as not_permitted
from fhir_client.capabilities import Capabilities
from fhir_client.quirks import USUAL, Quirks


class Rung(StrEnum):
    """A way to write, safest first."""

    TRANSACTION = "transaction"
    PATCH = "patch"
    PUT = "put"
    OBSERVATIONS = "observations"
    QUESTIONNAIRE_RESPONSE = "questionnaire-response"
    DOCUMENT = "document"
    WORKLIST = "worklist"


class Part(StrEnum):
    """Something that a submission leaves on the server."""

    CHART = "chart"
    RESPONSE = "response"
    OBSERVATIONS = "observations"
    PROVENANCE = "provenance"
    DOCUMENT = "document"


EVERYTHING = frozenset({Part.CHART, Part.RESPONSE, Part.OBSERVATIONS, Part.PROVENANCE})
PARTS: Mapping[Rung, frozenset[Part]] = {
    Rung.TRANSACTION: EVERYTHING,
    Rung.PATCH: EVERYTHING,
    Rung.PUT: EVERYTHING,
    Rung.OBSERVATIONS: frozenset({Part.OBSERVATIONS}),
    Rung.QUESTIONNAIRE_RESPONSE: frozenset({Part.RESPONSE}),
    Rung.DOCUMENT: frozenset({Part.DOCUMENT}),
    # A person types it into the chart, and there it is read back.
    Rung.WORKLIST: frozenset({Part.CHART}),
}
"""What each rung leaves on the server, and what is therefore read back."""

CREATED: Mapping[Part, str] = {
    Part.RESPONSE: "QuestionnaireResponse",
    Part.OBSERVATIONS: "Observation",
    Part.PROVENANCE: "Provenance",
    Part.DOCUMENT: "DocumentReference",
}
"""The kind of resource that each part is made of; the chart is there already."""
CHANGED: Mapping[Rung, tuple[tuple[str, str], ...]] = {
    Rung.TRANSACTION: (("", "transaction"), ("Patient", "update")),
    Rung.PATCH: (("Patient", "patch"),),
    Rung.PUT: (("Patient", "update"),),
}
"""How the rungs that change the chart do it: interactions by kind of resource; "" is the system itself."""
WHOLE = frozenset({Rung.TRANSACTION, Rung.PUT})
"""The rungs that put the chart back as a whole, with all that the server showed of it."""
# Who writes part by part can leave out what a server does not take; of a transaction everything is done or nothing.
_PARTIAL = (Rung.PATCH, Rung.PUT)
# One without search could never be looked up before it is sent again, and nothing would arrive exactly once.
IDENTIFIER, PATIENT, TARGET = "identifier", "patient", "target"
"""The search parameters by which what we wrote is found again (R4, search parameter registry)."""
_ACTS: Mapping[Part, tuple[str, ...]] = {
    **dict.fromkeys(CREATED, ("create", "search-type")),
    Part.RESPONSE: ("create", "read", "search-type"),
}
BUT = "but "
"""Begins the reason that speaks against a rung which the settings name nevertheless."""
SCOPES = "our scopes do not permit to"
"""Stands in the reasons that more scopes would take away."""
_LETTERS = {
    "create": Act.CREATE,
    "read": Act.READ,
    "update": Act.UPDATE,
    "patch": Act.UPDATE,
    "search-type": Act.SEARCH,
}


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a server is written to: by which rung, which parts it leaves there, and why not by a safer rung, or more.

    `batch` tells whether it is read back in one request. `by_patient` are the kinds of resource that it does not search by
    identifier: ours are picked out of all of the patient's then, and none can be asked to be created only once.
    """

    rung: Rung = Rung.TRANSACTION
    parts: frozenset[Part] = EVERYTHING
    batch: bool = True
    reasons: tuple[str, ...] = ()
    by_patient: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offers us: what it says that it can do, what is known of its kind, and what our scopes permit.

    `scopes` is None where no scopes limit us, or nobody says which. `failed` are the rungs by which a write test failed.
    """

    said: Capabilities
    quirks: Quirks = USUAL
    scopes: tuple[str, ...] | None = None
    failed: frozenset[Rung] = frozenset()


def whole(rung: Rung) -> Strategy:
    """Return the strategy that writes all that the rung can."""
    return Strategy(rung, PARTS[rung])


def asked(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    """Return every interaction that the strategy asks of a server, by kind of resource; "" is the system itself."""
    made = tuple(each for part in Part if part in strategy.parts for each in _asked_for(part))
    return (("Patient", "read"), *CHANGED.get(strategy.rung, ()), *made)


def asked_to_undo(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    """Return every interaction that undo asks beside: what was created is marked as entered in error."""
    return tuple(
        (CREATED[part], "update")
        for part in (Part.RESPONSE, Part.OBSERVATIONS)
        if part in strategy.parts
    )


def needs(interactions: Iterable[tuple[str, str]]) -> tuple[Need, ...]:
    """Return what scopes have to permit for interactions."""
    return tuple(dict.fromkeys(Need(kind, _LETTERS[act]) for kind, act in interactions if kind))


def negotiate(offer: Offer, pinned: Rung | None = None) -> Strategy:
    """Return the highest rung that the server offers, or the pinned one; the same input, the same strategy."""
    if pinned is not None:
        fault = _missing(pinned, offer)
        return _by(pinned, offer, "the settings name it", *([f"{BUT}{fault}"] if fault else []))
    reasons: list[str] = []
    for rung in Rung:
        if not (fault := _missing(rung, offer)):
            return _by(rung, offer, *reasons)
        reasons.append(f"no {rung}: {fault}")
    return _by(Rung.WORKLIST, offer, *reasons)


def _by(rung: Rung, offer: Offer, *reasons: str) -> Strategy:
    parts, without = _parts(rung, offer)
    kinds = (CREATED[part] for part in parts & CREATED.keys() - {Part.PROVENANCE})
    by_patient = frozenset(kind for kind in kinds if not _searches(offer.said, kind, IDENTIFIER))
    return Strategy(rung, parts, _batch(offer), (*reasons, *without), by_patient)


def _batch(offer: Offer) -> bool:
    # US Core asks no server for a batch (MAY), so that one which says nothing of it is read part by part.
    return offer.quirks.batch and bool(offer.said.interactions & {"batch", "transaction"})


def _missing(rung: Rung, offer: Offer) -> str:
    """Return why a rung cannot be stood on, "" where it can."""
    if rung.value not in offer.quirks.rungs:
        return "the quirks of this kind of server rule it out"
    if rung in offer.failed:
        return "a write test by it failed"
    if rung in CHANGED and offer.said.kind("Patient").versioning == "no-version":
        return "it keeps no versions of Patient, so that somebody else's change would be overwritten unseen"
    needed = () if rung in _PARTIAL else PARTS[rung] - {Part.CHART}
    lacking = (
        _lacking(CHANGED.get(rung, ()), offer),
        *(_without(part, offer) for part in Part if part in needed),
    )
    return "; ".join(filter(None, lacking))


def _parts(rung: Rung, offer: Offer) -> tuple[frozenset[Part], list[str]]:
    """Return what the rung leaves on this server, and why not the rest."""
    if rung not in _PARTIAL:
        return PARTS[rung], []
    without = {part: _without(part, offer) for part in CREATED if part in PARTS[rung]}
    if without[Part.RESPONSE] and not without[Part.PROVENANCE]:
        # It says that the chart's values were drawn from the answers, and by these it is found again.
        without[Part.PROVENANCE] = "there is no QuestionnaireResponse that it could name"
    told = [f"without {CREATED[part]}: {reason}" for part, reason in without.items() if reason]
    return PARTS[rung] - {part for part, reason in without.items() if reason}, told


def _without(part: Part, offer: Offer) -> str:
    """Return why a part cannot be left on the server, "" where it can."""
    quirks = offer.quirks
    if (
        part is Part.RESPONSE
        and quirks.own_questionnaires
        and not (quirks.questionnaire and quirks.items)
    ):
        return (
            "it takes only its own questionnaires, and the quirks map our questions to none of them"
        )
    return _lacking(_asked_for(part), offer) or _unfindable(CREATED[part], offer.said)


def searched_by(kind: str) -> tuple[str, ...]:
    """Return the search parameters of which one finds what we wrote of a kind of resource, the better first."""
    return (TARGET,) if kind == CREATED[Part.PROVENANCE] else (IDENTIFIER, PATIENT)


def _unfindable(kind: str, server: Capabilities) -> str:
    """Return why ours of that kind could not be found again, "" where they can."""
    by = searched_by(kind)
    return (
        ""
        if any(_searches(server, kind, each) for each in by)
        else f"it does not search {kind} by {' or '.join(by)}"
    )


def _searches(server: Capabilities, kind: str, parameter: str) -> bool:
    # What is not said of a kind may be tried.
    said = server.kind(kind).searches
    return said is None or parameter in said


def _asked_for(part: Part) -> tuple[tuple[str, str], ...]:
    return tuple((CREATED[part], act) for act in _ACTS.get(part, ()))


def _lacking(wanted: tuple[tuple[str, str], ...], offer: Offer) -> str:
    unoffered = [
        f"{kind} {act}".strip() for kind, act in wanted if not _offers(offer.said, kind, act)
    ]
    if unoffered:
        return f"it does not offer {', '.join(unoffered)}"
    wished = [Need(kind, _LETTERS[act]) for kind, act in wanted if kind]
    refused = () if offer.scopes is None else not_permitted(offer.scopes, wished)
    return f"{SCOPES} {', '.join(map(str, refused))}" if refused else ""


def _offers(server: Capabilities, kind: str, interaction: str) -> bool:
    # What is not said of a kind may be tried; a transaction has to be promised.
    said = server.kind(kind).interactions if kind else server.interactions
    return said is None or interaction in said
