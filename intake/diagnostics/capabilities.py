"""Checks a server's CapabilityStatement against what the worker asks of it.

Whatever the statement leaves out is not known, and never called good.
"""

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

SCHEDULE_INTERACTION = ("Appointment", "search-type")
ASK_TO_ENABLE = "Ask the EHR's support to enable it."


def check_capabilities(
    about: str, server: Capabilities, strategy: WriteStrategy, *, proves_if_match: bool = False
) -> Iterator[Finding]:
    """Yield the findings about the capabilities that the strategy needs.

    `proves_if_match` tells that a write test follows, which counts more than a promise.
    """
    yield _check_interactions(about, server, strategy)
    yield _check_searches(about, server, strategy)
    yield from _check_undo(about, server, strategy)
    writes_chart = (
        WrittenPart.CHART in strategy.parts and strategy.kind is not WriteStrategyKind.WORKLIST
    )
    keeps_versions = server.for_resource("Patient").versioning != "no-version"
    if writes_chart and not (proves_if_match and keeps_versions):
        yield _check_versioning(about, server)
    # A conditional create names an identifier. Resources that the server finds by patient only,
    # and Provenance, are created without one.
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
    # The strategy's negotiation covers the interactions of the system itself, which have no type.
    needed = [
        (resource_type, interaction)
        for resource_type, interaction in (*write_interactions(strategy), SCHEDULE_INTERACTION)
        if resource_type
    ]
    if missing := _missing_interactions(server, needed):
        return wrong_finding(about, f"it does not offer: {', '.join(missing)}", ASK_TO_ENABLE)
    offered = {
        resource_type: server.for_resource(resource_type).interactions
        for resource_type, _ in needed
    }
    if silent := [resource_type for resource_type, names in offered.items() if names is None]:
        return unknown_finding(about, f"it does not say what it offers for {', '.join(silent)}")
    return good_finding(
        about,
        f"it offers every read, search, create and update of {', '.join(offered)} that is needed",
    )


def _check_undo(about: str, server: Capabilities, strategy: WriteStrategy) -> Iterator[Finding]:
    if missing := _missing_interactions(server, undo_interactions(strategy)):
        words = (
            f"it does not offer {', '.join(missing)}: what an undo cannot mark as entered in "
            "error, a person has to"
        )
        yield unknown_finding(about, words, ASK_TO_ENABLE)


def _missing_interactions(server: Capabilities, needed: Iterable[tuple[str, str]]) -> list[str]:
    """Return the interactions that the server's lists leave out.

    An interaction of a resource type without a list is not known, and not missing.
    """
    listed = (
        (resource_type, interaction, server.for_resource(resource_type).interactions)
        for resource_type, interaction in needed
    )
    return [
        f"{resource_type} {interaction}"
        for resource_type, interaction, names in listed
        if names is not None and interaction not in names
    ]


def _check_searches(about: str, server: Capabilities, strategy: WriteStrategy) -> Finding:
    parameters = {
        resource_type: PATIENT_PARAMETER
        if resource_type in strategy.by_patient
        else search_parameters(resource_type)[0]
        for resource_type in _created_types(strategy)
    }
    parameters["Appointment"] = "date"
    listed = {
        resource_type: server.for_resource(resource_type).search_parameters
        for resource_type in parameters
    }
    missing = [
        f"{resource_type}?{parameters[resource_type]}"
        for resource_type, names in listed.items()
        if names is not None and parameters[resource_type] not in names
    ]
    if missing:
        return wrong_finding(about, f"it cannot search {', '.join(missing)}", ASK_TO_ENABLE)
    if silent := [resource_type for resource_type, names in listed.items() if names is None]:
        return unknown_finding(
            about, f"it does not say which searches it offers for {', '.join(silent)}"
        )
    searches = ", ".join(f"{resource_type}?{name}" for resource_type, name in parameters.items())
    return good_finding(about, f"it searches {searches}")


def _check_versioning(about: str, server: Capabilities) -> Finding:
    # Only a server that refuses a stale If-Match keeps a concurrent change from being lost.
    match server.for_resource("Patient").versioning:
        case "versioned-update":
            return good_finding(
                about, "it honours If-Match, so that our writes overwrite no concurrent change"
            )
        case "no-version":
            return wrong_finding(
                about,
                "it keeps no versions of Patient, so that our writes could overwrite a concurrent "
                "change unnoticed",
                "Ask the EHR's support to enable versions with If-Match for Patient.",
            )
        case _:
            return unknown_finding(
                about,
                "it does not promise to honour If-Match, which keeps our writes from overwriting "
                "a concurrent change",
                "Ask the EHR's support whether the server refuses an update with a stale If-Match "
                "with 409 or 412.",
            )


def _check_conditional_create(
    about: str, server: Capabilities, resource_types: list[str]
) -> Finding:
    offered = {
        resource_type: server.for_resource(resource_type).conditional_create
        for resource_type in resource_types
    }
    if refusing := [resource_type for resource_type, offers in offered.items() if offers is False]:
        return wrong_finding(
            about,
            f"it offers no conditional create of {', '.join(refusing)}, which each write uses",
            ASK_TO_ENABLE,
        )
    if None in offered.values():
        return unknown_finding(
            about,
            "it does not say whether it honours conditional create, the second guard against "
            "writing twice",
        )
    return good_finding(
        about, "it offers conditional create, the second guard against writing twice"
    )
