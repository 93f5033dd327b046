"""An empty statement, in which nothing was asked, and tribes to answer with."""

from datetime import UTC, datetime
from uuid import UUID

from fhir_client.uscore.statement import TRIBAL_ENTITIES, Coding, Source, Statement, Tribe

EMPTY_STATEMENT = Statement(
    submission=UUID(int=1),
    patient="Patient/1",
    answered_at=datetime(2026, 11, 24, tzinfo=UTC),
    source=Source.PATIENT,
    questionnaire="urn:q|1",
    locale="en",
    notice="1",
    items=(),
)
NAVAJO_NATION = "Navajo Nation, Arizona, New Mexico, & Utah"
NAVAJO_TRIBE = Tribe(NAVAJO_NATION, Coding(TRIBAL_ENTITIES, "170", NAVAJO_NATION))
UNLISTED_TRIBE = Tribe("Schaghticoke")
"""A tribe that the table of tribes lacks."""
