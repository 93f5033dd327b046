"""Whether a server says that it can do what the worker asks of it; what it does not say is not known, and never good."""

from collections.abc import Iterable, Iterator

from fhir_client.capabilities import Capabilities
from fhir_client.model import WriteStrategyKind
from fhir_client.write.strategy import (
    PATIENT_PARAMETER,
    RESOURCE_TYPES,
    WriteStrategy,
    WrittenPart,
    search_parameters,
    undo_interactions,
    write_interactions,
)
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding

SCHEDULE = ("Appointment", "search-type")
SUPPORT = "Ask the EHR's support to enable it."


def check_capabilities(
    about: str, server: Capabilities, strategy: WriteStrategy
) -> Iterator[Finding]:
    """Yield what the server's own description means for who writes to it so."""
    yield _interactions(about, server, strategy)
    yield _searches(about, server, strategy)
    yield from _undo(about, server, strategy)
    if WrittenPart.CHART in strategy.parts and strategy.kind is not WriteStrategyKind.WORKLIST:
        yield _versions(about, server)
    if looked_up := [
        kind
        for kind in _created(strategy)
        if kind != "Provenance" and kind not in strategy.by_patient
    ]:
        yield _conditional_create(about, server, looked_up)


def _created(strategy: WriteStrategy) -> list[str]:
    return [kind for part, kind in RESOURCE_TYPES.items() if part in strategy.parts]


def _interactions(about: str, server: Capabilities, strategy: WriteStrategy) -> Finding:
    needed = [each for each in (*write_interactions(strategy), SCHEDULE) if each[0]]
    if missing := _unoffered(server, needed):
        return wrong_finding(about, f"it does not offer: {', '.join(missing)}", SUPPORT)
    said = {kind: server.for_resource(kind).interactions for kind, _ in needed}
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown_finding(about, f"it does not say what it offers for {', '.join(silent)}")
    return good_finding(
        about,
        f"it offers every read, search, create and update of {', '.join(said)} that is needed",
    )


def _undo(about: str, server: Capabilities, strategy: WriteStrategy) -> Iterator[Finding]:
    if missing := _unoffered(server, undo_interactions(strategy)):
        words = f"it does not offer {', '.join(missing)}: what an undo cannot mark as entered in error, a person has to"
        yield unknown_finding(about, words, SUPPORT)


def _unoffered(server: Capabilities, needed: Iterable[tuple[str, str]]) -> list[str]:
    """Return which of the interactions the server leaves out of its lists; of what it says nothing that is not known."""
    said = ((kind, act, server.for_resource(kind).interactions) for kind, act in needed)
    return [f"{kind} {act}" for kind, act, held in said if held is not None and act not in held]


def _searches(about: str, server: Capabilities, strategy: WriteStrategy) -> Finding:
    by = {
        kind: PATIENT_PARAMETER if kind in strategy.by_patient else search_parameters(kind)[0]
        for kind in _created(strategy)
    }
    by["Appointment"] = "date"
    said = {kind: server.for_resource(kind).search_parameters for kind in by}
    missing = [
        f"{kind}?{by[kind]}"
        for kind, held in said.items()
        if held is not None and by[kind] not in held
    ]
    if missing:
        return wrong_finding(about, f"it cannot search {', '.join(missing)}", SUPPORT)
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown_finding(about, f"it does not say by what it searches {', '.join(silent)}")
    return good_finding(
        about, f"it searches {', '.join(f'{kind}?{name}' for kind, name in by.items())}"
    )


def _versions(about: str, server: Capabilities) -> Finding:
    match server.for_resource("Patient").versioning:
        case "versioned-update":
            return good_finding(
                about, "it heeds If-Match, so that a change by somebody else is never overwritten"
            )
        case "no-version":
            return wrong_finding(
                about,
                "it keeps no versions of Patient, so that a change by somebody else would be overwritten unseen",
                "Ask the EHR's support to enable versions with If-Match for Patient.",
            )
        case _:
            return unknown_finding(
                about,
                "it does not promise to heed If-Match, which keeps a change by somebody else from being overwritten",
                "Ask the EHR's support whether an update with a stale If-Match is refused with 409 or 412.",
            )


def _conditional_create(about: str, server: Capabilities, kinds: list[str]) -> Finding:
    said = {kind: server.for_resource(kind).conditional_create for kind in kinds}
    if refusing := [kind for kind, offered in said.items() if offered is False]:
        return wrong_finding(
            about,
            f"it offers no conditional create of {', '.join(refusing)}, which is asked for in each write",
            SUPPORT,
        )
    if None in said.values():
        return unknown_finding(
            about,
            "it does not say whether it heeds conditional create, the second guard against writing twice",
        )
    return good_finding(
        about, "it offers conditional create, the second guard against writing twice"
    )
