"""Names the documents of earlier answers at the same visit, which a correction replaces."""

from collections.abc import Iterator

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.uscore.datatypes import uuid_identifier
from fhir_client.uscore.statement import Statement
from fhir_client.write.lookup import find_own
from fhir_client.write.strategy import RESOURCE_TYPES, WrittenPart
from fhir_client.write.task import Writer

DOCUMENT_TYPE = RESOURCE_TYPES[WrittenPart.DOCUMENT]


def find_related_documents(
    client: FhirClient, writer: Writer, statement: Statement
) -> Iterator[Json]:
    """Yield a DocumentReference.relatesTo for each document that the statement corrects.

    A server that only takes new documents lets none be changed. By the relation it knows that the
    earlier document is replaced (R4, documentreference.html, "relatesTo").
    """
    correction = writer.policy.correction
    if correction is None:
        return
    for write in correction.corrected_writes():
        identifier = uuid_identifier(write.statement.submission)
        # A correction of some answers leaves the others of the earlier document in force.
        code = "replaces" if write.elements <= correction.elements else "appends"
        for document in find_own(
            client, writer.strategy, DOCUMENT_TYPE, identifier, statement.patient
        ):
            yield {
                "code": code,
                "target": {"reference": f"{DOCUMENT_TYPE}/{document['id']}"},
            }
