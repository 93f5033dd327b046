"""The ladder: the ways to write, from the safest down, what each writes, and the highest that a server offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_client.capabilities import Capabilities
from fhir_client.quirks import Quirks


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

_CREATED = (("QuestionnaireResponse", "create"), ("Observation", "create"), ("Provenance", "create"))
NEEDED: Mapping[Rung, tuple[tuple[str, str], ...]] = {
    Rung.TRANSACTION: (("", "transaction"), ("Patient", "update")),
    Rung.PATCH: (("Patient", "patch"), *_CREATED),
    Rung.PUT: (("Patient", "update"), *_CREATED),
    Rung.OBSERVATIONS: (("Observation", "create"),),
    Rung.QUESTIONNAIRE_RESPONSE: (("QuestionnaireResponse", "create"),),
    Rung.DOCUMENT: (("DocumentReference", "create"),),
    Rung.WORKLIST: (),
}
"""The interactions that each rung asks of a server, by kind of resource; "" is the system itself."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a server is written to, and why not by a safer way; `batch` tells whether it is read back in one request."""

    rung: Rung = Rung.TRANSACTION
    batch: bool = True
    reasons: tuple[str, ...] = ()


def negotiate(server: Capabilities, quirks: Quirks, pinned: Rung | None = None) -> Strategy:
    """Return the highest rung that the server offers and its quirks allow, or the pinned one; the same input, the same rung."""
    batch = quirks.batch and bool(server.interactions & {"batch", "transaction"} or not server.interactions)
    if pinned is not None:
        missing = _missing(pinned, server, quirks)
        return Strategy(pinned, batch, ("it is pinned in the settings", *([f"but {missing}"] if missing else [])))
    reasons: list[str] = []
    for rung in Rung:
        missing = _missing(rung, server, quirks)
        if not missing:
            return Strategy(rung, batch, tuple(reasons))
        reasons.append(f"no {rung}: {missing}")
    return Strategy(Rung.WORKLIST, batch, tuple(reasons))


def _missing(rung: Rung, server: Capabilities, quirks: Quirks) -> str:
    """Return why a rung cannot be stood on, "" where it can."""
    if rung.value not in quirks.rungs:
        return "the quirks of this kind of server rule it out"
    if rung is Rung.QUESTIONNAIRE_RESPONSE and quirks.own_questionnaires and not (quirks.questionnaire and quirks.items):
        return "it takes only its own questionnaires, and the quirks map our questions to none of them"
    lacking = [f"{kind} {act}".strip() for kind, act in NEEDED[rung] if not _may(server, kind, act)]
    return f"it does not offer {', '.join(lacking)}" if lacking else ""


def _may(server: Capabilities, kind: str, interaction: str) -> bool:
    said = server.kind(kind).interactions if kind else server.interactions
    return said is None or interaction in said
