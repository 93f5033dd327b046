"""Checks that a server claims to offer each interaction that the worker needs."""

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

SCHEDULE_SEARCH = ("Appointment", "search-type")
ASK_SUPPORT = "Ask the EHR's support to enable it."


def check_capabilities(
    about: str, server: Capabilities, strategy: WriteStrategy
) -> Iterator[Finding]:
    """Yield the findings about the server's description for this write strategy.

    What the description leaves out is not known, and never good.
    """
    yield _check_interactions(about, server, strategy)
    yield _check_searches(about, server, strategy)
    yield from _check_undo(about, server, strategy)
    if WrittenPart.CHART in strategy.parts and strategy.kind is not WriteStrategyKind.WORKLIST:
        yield _check_versioning(about, server)
    # R4 has no Provenance.identifier to create it by, and a type searched by patient has none here.
    if conditional_types := [
        resource_type
        for resource_type in _created_types(strategy)
        if resource_type != "Provenance" and resource_type not in strategy.by_patient
    ]:
        yield _check_conditional_create(about, server, conditional_types)


def _created_types(strategy: WriteStrategy) -> list[str]:
    return [
        resource_type for part, resource_type in RESOURCE_TYPES.items() if part in strategy.parts
    ]


def _check_interactions(about: str, server: Capabilities, strategy: WriteStrategy) -> Finding:
    # An interaction without a resource type, such as transaction, was checked in the negotiation.
    needed = [
        (resource_type, interaction)
        for resource_type, interaction in (*write_interactions(strategy), SCHEDULE_SEARCH)
        if resource_type
    ]
    if missing := _missing_interactions(server, needed):
        return wrong_finding(about, f"it does not offer: {', '.join(missing)}", ASK_SUPPORT)
    offered = {
        resource_type: server.for_resource(resource_type).interactions
        for resource_type, _ in needed
    }
    if silent := [name for name, interactions in offered.items() if interactions is None]:
        return unknown_finding(about, f"it does not say what it offers for {', '.join(silent)}")
    return good_finding(
        about,
        f"it offers every needed read, search, create and update of {', '.join(offered)}",
    )


def _check_undo(about: str, server: Capabilities, strategy: WriteStrategy) -> Iterator[Finding]:
    if missing := _missing_interactions(server, undo_interactions(strategy)):
        words = (
            f"it does not offer {', '.join(missing)}: after an undo, "
            "a person has to mark those resources as entered in error"
        )
        yield unknown_finding(about, words, ASK_SUPPORT)


def _missing_interactions(server: Capabilities, needed: Iterable[tuple[str, str]]) -> list[str]:
    """Return the needed interactions that the server's lists leave out.

    A resource type without a list is not known, so nothing of it is missing.
    """
    missing = []
    for resource_type, interaction in needed:
        offered = server.for_resource(resource_type).interactions
        if offered is not None and interaction not in offered:
            missing.append(f"{resource_type} {interaction}")
    return missing


def _check_searches(about: str, server: Capabilities, strategy: WriteStrategy) -> Finding:
    parameters = {
        name: PATIENT_PARAMETER if name in strategy.by_patient else search_parameters(name)[0]
        for name in _created_types(strategy)
    }
    parameters["Appointment"] = "date"
    offered = {name: server.for_resource(name).search_parameters for name in parameters}
    missing = [
        f"{name}?{parameters[name]}"
        for name, known in offered.items()
        if known is not None and parameters[name] not in known
    ]
    if missing:
        return wrong_finding(about, f"it cannot search {', '.join(missing)}", ASK_SUPPORT)
    if silent := [name for name, known in offered.items() if known is None]:
        return unknown_finding(
            about, f"it does not name its search parameters for {', '.join(silent)}"
        )
    searches = (f"{name}?{parameter}" for name, parameter in parameters.items())
    return good_finding(about, f"it searches {', '.join(searches)}")


def _check_versioning(about: str, server: Capabilities) -> Finding:
    match server.for_resource("Patient").versioning:
        case "versioned-update":
            return good_finding(
                about, "it obeys If-Match, so no write replaces another person's change"
            )
        case "no-version":
            return wrong_finding(
                about,
                "it keeps no versions of Patient, so a write could replace another person's change",
                "Ask the EHR's support to enable versions with If-Match for Patient.",
            )
        case _:
            return unknown_finding(
                about,
                "it does not promise to obey If-Match, which protects another person's change",
                "Ask the EHR's support: does a stale If-Match get a 409 or 412?",
            )


def _check_conditional_create(
    about: str, server: Capabilities, resource_types: list[str]
) -> Finding:
    offered = {name: server.for_resource(name).conditional_create for name in resource_types}
    if refusing := [name for name, is_offered in offered.items() if is_offered is False]:
        return wrong_finding(
            about,
            f"it offers no conditional create of {', '.join(refusing)}, which each write uses",
            ASK_SUPPORT,
        )
    if None in offered.values():
        return unknown_finding(
            about,
            "it does not say whether it offers conditional create, "
            "the second guard against writing twice",
        )
    return good_finding(
        about, "it offers conditional create, the second guard against writing twice"
    )
