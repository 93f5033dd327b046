"""Makes a real server offer only some interactions: the proxy refuses the others.

The CapabilityStatement then lists only what is offered.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from tests.support.fault_proxy import Fault, Forward, ProxyRequest, ProxyResponse

READING = frozenset({"read", "search-type"})
INTERACTIONS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
KINDS = (
    "Patient",
    "Observation",
    "QuestionnaireResponse",
    "Provenance",
    "DocumentReference",
    "Appointment",
)
ALL_CREATED = ("QuestionnaireResponse", "Observation", "Provenance")
OFFERS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "patch": {
        "Patient": frozenset({"patch"}),
        **dict.fromkeys(ALL_CREATED, frozenset({"create", "update", "delete"})),
    },
    "put": {
        "Patient": frozenset({"update"}),
        **dict.fromkeys(ALL_CREATED, frozenset({"create", "update", "delete"})),
    },
    # The chart and Observations, but neither answers nor Provenance.
    "patch and observations": {
        "Patient": frozenset({"patch"}),
        "Observation": frozenset({"create", "update"}),
    },
    "chart": {"Patient": frozenset({"update"})},
    "observations": {"Observation": frozenset({"create", "update"})},
    "questionnaire-response": {"QuestionnaireResponse": frozenset({"create", "update"})},
    "document": {"DocumentReference": frozenset({"create", "update"})},
    "worklist": {},
}
"""What a server offers for just one write strategy, beside reading."""


def offer_strategy(rung: str) -> Fault:
    """Offer just that write strategy: no transaction, no batch, no other write."""
    offered = OFFERS[rung]

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        kind = _kind(asked)
        if kind == "metadata":
            return _described(forward(asked), offered)
        if asked.method == "POST" and kind == "R4":
            return ProxyResponse(501, {}, b"")
        if asked.method in INTERACTIONS and INTERACTIONS[asked.method] not in offered.get(
            kind, frozenset()
        ):
            return ProxyResponse(405, {}, b"")
        return forward(asked)

    return fault


def offer_us_core_searches(rung: str, *, strict: bool) -> Fault:
    """Offer just that write strategy, and the searches that US Core demands.

    There is no search by identifier and none for Provenance. A `strict` server refuses an unknown
    parameter; another one ignores it (R4, search.html#errors).
    """
    only = offer_strategy(rung)

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if _kind(asked) == "metadata":
            return _searched(only(asked, forward))
        unknown = [each for each in ("identifier", "target") if f"?{each}=" in asked.path]
        if asked.method != "GET" or not unknown:
            return only(asked, forward)
        return (
            ProxyResponse(400, {}, b"")
            if strict
            else forward(replace(asked, path=asked.path.partition("?")[0]))
        )

    return fault


def _searched(said: ProxyResponse | None) -> ProxyResponse | None:
    if said is None:
        return None
    held = json.loads(said.body)
    for each in held["rest"][0]["resource"]:
        names = () if each["type"] == "Provenance" else ("patient", "date", "status")
        each["searchParam"] = [{"name": name} for name in names]
    return replace(said, body=json.dumps(held).encode())


def fault_at_write(number: int, fault: Fault, rung: str) -> Fault:
    """Apply the fault to the write of that number, at a server with just that write strategy."""
    only, seen = offer_strategy(rung), [0]

    def at(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if not is_write(asked):
            return only(asked, forward)
        seen[0] += 1
        return fault(asked, forward) if seen[0] == number else only(asked, forward)

    return at


def is_write(asked: ProxyRequest) -> bool:
    """Return whether the request is one of the single writes."""
    return asked.method in INTERACTIONS and _kind(asked) != "R4"


def _kind(asked: ProxyRequest) -> str:
    parts = urlsplit(asked.path).path.strip("/").split("/")
    # Medplum's base ends in /fhir/R4, HAPI's in /fhir.
    base = "R4" if "R4" in parts else "fhir"
    return parts[parts.index(base) + 1] if parts[-1] != base else "R4"


def _described(said: ProxyResponse, offered: Mapping[str, frozenset[str]]) -> ProxyResponse:
    held = json.loads(said.body)
    kinds = {kind: READING | offered.get(kind, frozenset()) for kind in KINDS}
    listed = [
        {"type": kind, "interaction": [{"code": code} for code in sorted(codes)]}
        for kind, codes in kinds.items()
    ]
    held["rest"] = [
        {"mode": "server", "interaction": [{"code": "search-system"}], "resource": listed}
    ]
    return replace(said, body=json.dumps(held).encode())
