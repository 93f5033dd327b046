"""Whether a server says that it can do what the worker asks of it; what it does not say is not known, and never good."""

from collections.abc import Iterator, Mapping

from fhir_client.capabilities import Capabilities
from fhir_client.writing.ladder import BUILT, highest
from intake.sync.probe.findings import Finding, good, unknown, wrong

INTERACTIONS: Mapping[str, tuple[str, ...]] = {
    "Patient": ("read", "update"),
    "QuestionnaireResponse": ("create", "search-type"),
    "Observation": ("create", "search-type"),
    "Provenance": ("create",),
    "Appointment": ("search-type",),
}
SEARCHES: Mapping[str, str] = {"QuestionnaireResponse": "identifier", "Observation": "identifier", "Appointment": "date"}
CREATED = ("QuestionnaireResponse", "Observation")
SUPPORT = "Ask the EHR's support to enable it."


def abilities(about: str, server: Capabilities) -> Iterator[Finding]:
    """Yield what the server's own description means for us."""
    yield _rung(about, server)
    yield _interactions(about, server)
    yield _searches(about, server)
    yield _versions(about, server)
    yield _conditional_create(about, server)


def _rung(about: str, server: Capabilities) -> Finding:
    rung = highest(server)
    if rung in BUILT:
        return good(about, f"writes go as one {rung}: all of a submission, or nothing")
    return wrong(
        about,
        f"it offers no transaction with an update of Patient; the best it offers is '{rung}', which is not built yet",
        "Ask the EHR's support for transaction and Patient update. Until then submissions stay in the outbox.",
    )


def _interactions(about: str, server: Capabilities) -> Finding:
    said = {kind: server.kind(kind).interactions for kind in INTERACTIONS}
    missing = [
        f"{kind} {each}"
        for kind, needed in INTERACTIONS.items()
        for each in needed
        if (held := said[kind]) is not None and each not in held
    ]
    if missing:
        return wrong(about, f"it does not offer: {', '.join(missing)}", SUPPORT)
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown(about, f"it does not say what it offers for {', '.join(silent)}")
    return good(about, f"it offers every read, search, create and update of {', '.join(said)} that is needed")


def _searches(about: str, server: Capabilities) -> Finding:
    said = {kind: server.kind(kind).searches for kind in SEARCHES}
    missing = [f"{kind}?{SEARCHES[kind]}" for kind, held in said.items() if held is not None and SEARCHES[kind] not in held]
    if missing:
        return wrong(about, f"it cannot search {', '.join(missing)}", SUPPORT)
    if silent := [kind for kind, held in said.items() if held is None]:
        return unknown(about, f"it does not say by what it searches {', '.join(silent)}")
    return good(about, f"it searches {', '.join(f'{kind}?{by}' for kind, by in SEARCHES.items())}")


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


def _conditional_create(about: str, server: Capabilities) -> Finding:
    said = {kind: server.kind(kind).conditional_create for kind in CREATED}
    if refusing := [kind for kind, offered in said.items() if offered is False]:
        return wrong(
            about, f"it offers no conditional create of {', '.join(refusing)}, which is asked for in each write", SUPPORT
        )
    if None in said.values():
        return unknown(about, "it does not say whether it heeds conditional create, the second guard against writing twice")
    return good(about, "it offers conditional create, the second guard against writing twice")
