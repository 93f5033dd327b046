"""A statement in which nothing was asked, for tests to put answers into."""

from datetime import UTC, datetime
from uuid import UUID

from fhir_client.uscore.statement import Source, Statement

NOT_ASKED = Statement(
    submission=UUID(int=1),
    patient="Patient/1",
    at=datetime(2026, 11, 24, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="urn:q|1",
    locale="en",
    notice="1",
    items=(),
)
