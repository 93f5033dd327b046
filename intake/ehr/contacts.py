"""Records how a FHIR server answered, for the monitor's health."""

from fhir_client.errors import AccessError, FhirError, ServerError, TemporaryError
from intake.store import contacts
from intake.store.database import Database

CREDENTIALS_REASON = "credentials"
"""The reason code of a secret, key, certificate or token endpoint at fault."""


def error_reason(error: FhirError) -> str:
    """Return the reason code that the monitor shows for a server's error."""
    if isinstance(error, AccessError):
        return CREDENTIALS_REASON
    return f"http-{error.status}" if error.status is not None else "no-answer"


def record_contact(database: Database, server: str, error: FhirError | None = None) -> None:
    """Record that the server answered, or that it failed with this error.

    A refusal of one request is an answer: the server is well.
    """
    about = contacts.server_contact(server)
    with database.write() as tx:
        if isinstance(error, TemporaryError | ServerError):
            contacts.record_failure(tx, about, error_reason(error))
        else:
            contacts.record_answer(tx, about)
