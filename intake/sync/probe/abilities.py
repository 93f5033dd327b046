"""Whether a server says that it can do what the worker asks of it; what it does not say is not known, and never good."""

from collections.abc import Iterator

from fhir_client.capabilities import Capabilities
from fhir_client.writing.ladder import NEEDED, PARTS, Part, Rung, Strategy
from intake.sync.probe.findings import Finding, good, unknown, wrong

CHART, SCHEDULE = ("Patient", "read"), ("Appointment", "search-type")
"""What is read whatever the rung."""
SUPPORT = "Ask the EHR's support to enable it."
EACH = {
    Rung.TRANSACTION: "as one transaction: all of a submission, or nothing",
    Rung.PATCH: "part by part, the chart by a JSON Patch",
    Rung.PUT: "part by part, the chart as a whole with If-Match",
    Rung.OBSERVATIONS: "as Observations alone; the chart itself is not changed",
    Rung.QUESTIONNAIRE_RESPONSE: "as QuestionnaireResponses alone; the chart itself is not changed",
    Rung.DOCUMENT: "as documents alone; the chart itself is not changed",
    Rung.WORKLIST: "by nobody but a person: every submission is held for staff, who type it",
}


def abilities(about: str, server: Capabilities, strategy: Strategy) -> Iterator[Finding]:
    """Yield what the server's own description means for us."""
    yield _rung(about, strategy)
    yield _interactions(about, server, strategy.rung)
    yield _searches(about, server, strategy.rung)
    if Part.CHART in PARTS[strategy.rung] and strategy.rung is not Rung.WORKLIST:
        yield _versions(about, server)
    yield _conditional_create(about, server, strategy.rung)


def _rung(about: str, strategy: Strategy) -> Finding:
    why = f" ({'; '.join(strategy.reasons)})" if strategy.reasons else ""
    words = f"writes go by '{strategy.rung}', {EACH[strategy.rung]}{why}"
    if strategy.rung is Rung.WORKLIST:
        return wrong(about, words, "Ask the EHR's support for a transaction with Patient update, or for what they offer.")
    if any(each.startswith("but ") for each in strategy.reasons):
        return wrong(about, words, "Ask the EHR's support to enable it, or take strategy out of the server's table.")
    return good(about, words)


def _created(rung: Rung) -> tuple[str, ...]:
    parts = PARTS[rung]
    kinds = {
        Part.RESPONSE: "QuestionnaireResponse",
        Part.OBSERVATIONS: "Observation",
        Part.PROVENANCE: "Provenance",
        Part.DOCUMENT: "DocumentReference",
    }
    return tuple(kind for part, kind in kinds.items() if part in parts)


def _interactions(about: str, server: Capabilities, rung: Rung) -> Finding:
    changed = tuple(each for each in NEEDED[rung] if each[0] == "Patient")
    made = tuple((kind, act) for kind in _created(rung) for act in ("create", "search-type"))
    needed = (CHART, *changed, *made, SCHEDULE)
    said = {kind: server.kind(kind).interactions for kind, _ in needed}
    missing = [f"{kind} {each}" for kind, each in needed if (held := said[kind]) is not None and each not in held]
    if missing:
        return wrong(about, f"it does not offer: {', '.join(missing)}", SUPPORT)
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown(about, f"it does not say what it offers for {', '.join(silent)}")
    return good(about, f"it offers every read, search, create and update of {', '.join(said)} that is needed")


def _searches(about: str, server: Capabilities, rung: Rung) -> Finding:
    by = {kind: "target" if kind == "Provenance" else "identifier" for kind in _created(rung)} | {"Appointment": "date"}
    said = {kind: server.kind(kind).searches for kind in by}
    missing = [f"{kind}?{by[kind]}" for kind, held in said.items() if held is not None and by[kind] not in held]
    if missing:
        return wrong(about, f"it cannot search {', '.join(missing)}", SUPPORT)
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown(about, f"it does not say by what it searches {', '.join(silent)}")
    return good(about, f"it searches {', '.join(f'{kind}?{name}' for kind, name in by.items())}")


def _versions(about: str, server: Capabilities) -> Finding:
    match server.kind("Patient").versioning:
        case "versioned-update":
            return good(about, "it heeds If-Match, so that a change by somebody else is never overwritten")
        case "no-version":
            return wrong(
                about,
                "it keeps no versions of Patient, so that a change by somebody else would be overwritten unseen",
                "Ask the EHR's support to enable versions with If-Match for Patient.",
            )
        case _:
            return unknown(
                about,
                "it does not promise to heed If-Match, which keeps a change by somebody else from being overwritten",
                "Ask the EHR's support whether an update with a stale If-Match is refused with 409 or 412.",
            )


def _conditional_create(about: str, server: Capabilities, rung: Rung) -> Finding:
    said = {kind: server.kind(kind).conditional_create for kind in _created(rung) if kind != "Provenance"}
    if refusing := [kind for kind, offered in said.items() if offered is False]:
        return wrong(
            about, f"it offers no conditional create of {', '.join(refusing)}, which is asked for in each write", SUPPORT
        )
    if None in said.values():
        return unknown(about, "it does not say whether it heeds conditional create, the second guard against writing twice")
    return good(about, "it offers conditional create, the second guard against writing twice")
