"""Makes a real server offer only some interactions: the proxy refuses the others.

The CapabilityStatement then lists only what is offered.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from tests.support.fault_proxy import Fault, Forward, ProxyRequest, ProxyResponse
from tests.support.outbox import ONE_OF_EACH

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

NO_EFFECTS = dict.fromkeys(ONE_OF_EACH, 0)
OBSERVATIONS = {"race": 1, "ethnicity": 1, "spoken-language": 1, "interpreter": 1}
EFFECTS: Mapping[str, Mapping[str, int]] = {
    "patch and observations": {**NO_EFFECTS, **OBSERVATIONS},
    "patch": ONE_OF_EACH,
    "put": ONE_OF_EACH,
    "observations": {**NO_EFFECTS, **OBSERVATIONS},
    "questionnaire-response": {**NO_EFFECTS, "QuestionnaireResponse": 1},
    "document": NO_EFFECTS,
}
"""The effects of the example's answers by the one write strategy on offer."""


def offer_strategy(rung: str) -> Fault:
    """Offer just that write strategy: no transaction, no batch, no other write."""
    offered = OFFERS[rung]

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        kind = _kind(request)
        if kind == "metadata":
            return _described(forward(request), offered)
        if request.method == "POST" and kind == "R4":
            return ProxyResponse(501, {}, b"")
        if request.method in INTERACTIONS and INTERACTIONS[request.method] not in offered.get(
            kind, frozenset()
        ):
            return ProxyResponse(405, {}, b"")
        return forward(request)

    return fault


def offer_us_core_searches(rung: str, *, strict: bool) -> Fault:
    """Offer just that write strategy, and the searches that US Core demands.

    There is no search by identifier and none for Provenance. A `strict` server refuses an unknown
    parameter; another one ignores it (R4, search.html#errors).
    """
    only = offer_strategy(rung)

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if _kind(request) == "metadata":
            return _searched(only(request, forward))
        unknown = [
            parameter for parameter in ("identifier", "target") if f"?{parameter}=" in request.path
        ]
        if request.method != "GET" or not unknown:
            return only(request, forward)
        return (
            ProxyResponse(400, {}, b"")
            if strict
            else forward(replace(request, path=request.path.partition("?")[0]))
        )

    return fault


def _searched(response: ProxyResponse | None) -> ProxyResponse | None:
    if response is None:
        return None
    statement = json.loads(response.body)
    for resource in statement["rest"][0]["resource"]:
        names = () if resource["type"] == "Provenance" else ("patient", "date", "status")
        resource["searchParam"] = [{"name": name} for name in names]
    return replace(response, body=json.dumps(statement).encode())


def fault_at_write(number: int, fault: Fault, rung: str) -> Fault:
    """Apply the fault to one write, at a server with just that write strategy.

    `number` counts the writes from 1.
    """
    only, seen = offer_strategy(rung), [0]

    def at(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if not is_write(request):
            return only(request, forward)
        seen[0] += 1
        return fault(request, forward) if seen[0] == number else only(request, forward)

    return at


def is_write(request: ProxyRequest) -> bool:
    """Return whether the request is one of the single writes."""
    return request.method in INTERACTIONS and _kind(request) != "R4"


def _kind(request: ProxyRequest) -> str:
    parts = urlsplit(request.path).path.strip("/").split("/")
    # Medplum's base ends in /fhir/R4, HAPI's in /fhir.
    base = "R4" if "R4" in parts else "fhir"
    return parts[parts.index(base) + 1] if parts[-1] != base else "R4"


def _described(response: ProxyResponse, offered: Mapping[str, frozenset[str]]) -> ProxyResponse:
    statement = json.loads(response.body)
    kinds = {kind: READING | offered.get(kind, frozenset()) for kind in KINDS}
    listed = [
        {"type": kind, "interaction": [{"code": code} for code in sorted(codes)]}
        for kind, codes in kinds.items()
    ]
    statement["rest"] = [
        {"mode": "server", "interaction": [{"code": "search-system"}], "resource": listed}
    ]
    return replace(response, body=json.dumps(statement).encode())
