"""Whether a server says that it can do what the worker asks of it; what it does not say is not known, and never good."""

from collections.abc import Iterable, Iterator

from fhir_client.capabilities import Capabilities
from fhir_client.writing.ladder import (
    CREATED,
    PATIENT,
    Part,
    Rung,
    Strategy,
    asked,
    asked_to_undo,
    searched_by,
)
from intake.sync.probe.findings import Finding, good, unknown, wrong

SCHEDULE = ("Appointment", "search-type")
SUPPORT = "Ask the EHR's support to enable it."


def abilities(about: str, server: Capabilities, strategy: Strategy) -> Iterator[Finding]:
    """Yield what the server's own description means for who writes to it so."""
    yield _interactions(about, server, strategy)
    yield _searches(about, server, strategy)
    yield from _undo(about, server, strategy)
    if Part.CHART in strategy.parts and strategy.rung is not Rung.WORKLIST:
        yield _versions(about, server)
    if looked_up := [
        kind
        for kind in _created(strategy)
        if kind != "Provenance" and kind not in strategy.by_patient
    ]:
        yield _conditional_create(about, server, looked_up)


def _created(strategy: Strategy) -> list[str]:
    return [kind for part, kind in CREATED.items() if part in strategy.parts]


def _interactions(about: str, server: Capabilities, strategy: Strategy) -> Finding:
    needed = [each for each in (*asked(strategy), SCHEDULE) if each[0]]
    if missing := _unoffered(server, needed):
        return wrong(about, f"it does not offer: {', '.join(missing)}", SUPPORT)
    said = {kind: server.kind(kind).interactions for kind, _ in needed}
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown(about, f"it does not say what it offers for {', '.join(silent)}")
    return good(
        about,
        f"it offers every read, search, create and update of {', '.join(said)} that is needed",
    )


def _undo(about: str, server: Capabilities, strategy: Strategy) -> Iterator[Finding]:
    if missing := _unoffered(server, asked_to_undo(strategy)):
        words = f"it does not offer {', '.join(missing)}: what an undo cannot mark as entered in error, a person has to"
        yield unknown(about, words, SUPPORT)


def _unoffered(server: Capabilities, needed: Iterable[tuple[str, str]]) -> list[str]:
    """Return which of the interactions the server leaves out of its lists; of what it says nothing that is not known."""
    said = ((kind, act, server.kind(kind).interactions) for kind, act in needed)
    return [f"{kind} {act}" for kind, act, held in said if held is not None and act not in held]


def _searches(about: str, server: Capabilities, strategy: Strategy) -> Finding:
    by = {
        kind: PATIENT if kind in strategy.by_patient else searched_by(kind)[0]
        for kind in _created(strategy)
    }
    by["Appointment"] = "date"
    said = {kind: server.kind(kind).searches for kind in by}
    missing = [
        f"{kind}?{by[kind]}"
        for kind, held in said.items()
        if held is not None and by[kind] not in held
    ]
    if missing:
        return wrong(about, f"it cannot search {', '.join(missing)}", SUPPORT)
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown(about, f"it does not say by what it searches {', '.join(silent)}")
    return good(about, f"it searches {', '.join(f'{kind}?{name}' for kind, name in by.items())}")


def _versions(about: str, server: Capabilities) -> Finding:
    match server.kind("Patient").versioning:
        case "versioned-update":
            return good(
                about, "it heeds If-Match, so that a change by somebody else is never overwritten"
            )
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


def _conditional_create(about: str, server: Capabilities, kinds: list[str]) -> Finding:
    said = {kind: server.kind(kind).conditional_create for kind in kinds}
    if refusing := [kind for kind, offered in said.items() if offered is False]:
        return wrong(
            about,
            f"it offers no conditional create of {', '.join(refusing)}, which is asked for in each write",
            SUPPORT,
        )
    if None in said.values():
        return unknown(
            about,
            "it does not say whether it heeds conditional create, the second guard against writing twice",
        )
    return good(about, "it offers conditional create, the second guard against writing twice")
