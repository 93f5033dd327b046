"""The ladder: the ways to write, from the safest down, and the highest that a server offers; `transaction` alone is built."""

from enum import StrEnum

from fhir_client.capabilities import Capabilities


class Rung(StrEnum):
    """A way to write, safest first."""

    TRANSACTION = "transaction"
    PATCH = "patch"
    PUT = "put"
    OBSERVATIONS = "observations"
    QUESTIONNAIRE_RESPONSE = "questionnaire-response"
    DOCUMENT = "document"
    WORKLIST = "worklist"


BUILT = frozenset({Rung.TRANSACTION})


def highest(server: Capabilities) -> Rung:
    """Return the highest rung that the server says it offers; the last, a person who types, needs no server at all."""
    offers = {
        Rung.TRANSACTION: "transaction" in server.interactions and _may(server, "Patient", "update"),
        Rung.PATCH: _may(server, "Patient", "patch"),
        Rung.PUT: _may(server, "Patient", "update"),
        Rung.OBSERVATIONS: _may(server, "Observation", "create"),
        Rung.QUESTIONNAIRE_RESPONSE: _may(server, "QuestionnaireResponse", "create"),
        Rung.DOCUMENT: _may(server, "DocumentReference", "create"),
    }
    return next((rung for rung, offered in offers.items() if offered), Rung.WORKLIST)


def _may(server: Capabilities, kind: str, interaction: str) -> bool:
    said = server.kind(kind).interactions
    return said is None or interaction in said
