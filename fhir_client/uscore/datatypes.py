"""The small shapes that several resources share: codings, references, identifiers, who answered."""

import re
from typing import Any
from uuid import UUID, uuid5

from fhir_client.uscore.statement import AbsentReason, Coding, Source, Statement, Tribe
from fhir_client.uscore.versions import ASKED_DECLINED, ASKED_UNKNOWN

URI = "urn:ietf:rfc:3986"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
YES = Coding(SNOMED, "373066001", "Yes")
NO = Coding(SNOMED, "373067005", "No")
Json = dict[str, Any]


def coding_json(value: Coding) -> Json:
    """Return a FHIR Coding."""
    found = {"system": value.system, "code": value.code}
    return found if value.display is None else {**found, "display": value.display}


def concept_json(*codings: Coding, text: str | None = None) -> Json:
    """Return a FHIR CodeableConcept."""
    found: Json = {"coding": [coding_json(each) for each in codings]} if codings else {}
    return found if text is None else {**found, "text": text}


def tribe_concept(tribe: Tribe) -> Json:
    """Return a tribe as a CodeableConcept, with its name as the person saw or wrote it."""
    return concept_json(*filter(None, (tribe.coding,)), text=tribe.text)


def find_extensions(resource: Json, *urls: str) -> list[Json]:
    """Return the extensions of a resource that have one of the URLs."""
    return [each for each in resource.get("extension", []) if each.get("url") in urls]


def absent_reason_coding(reason: AbsentReason) -> Coding:
    """Return the data-absent-reason coding."""
    return ASKED_DECLINED if reason is AbsentReason.ASKED_DECLINED else ASKED_UNKNOWN


def uuid_identifier(identity: UUID) -> Json:
    """Return the identifier by which a resource of ours is found again."""
    return {"system": URI, "value": identity.urn}


def observation_id(statement: Statement, element: str) -> UUID:
    """Return the Observation's own identity: one shared value would make the submission's Observations match each other."""
    return uuid5(statement.submission, element)


def informant_reference(statement: Statement) -> Json:
    """Return who answered; a related person is named by role only, for no RelatedPerson is created."""
    if statement.source is Source.PATIENT:
        return {"reference": statement.patient}
    return {"type": "RelatedPerson", "display": statement.source_display or "Related person"}


def response_url(statement: Statement) -> str:
    """Return the QuestionnaireResponse's address inside the transaction."""
    return uuid5(statement.submission, "QuestionnaireResponse").urn


def local_reference(reference: object, kind: str) -> str | None:
    """Return the `Kind/id` that a reference or location ends in: servers answer with absolute and versioned ones, too."""
    found = re.search(
        rf"(?:^|/)({kind}/[A-Za-z0-9\-.]{{1,64}})(?:/_history/[A-Za-z0-9\-.]{{1,64}})?$",
        str(reference),
    )
    return found[1] if found else None


def with_encounter(resource: Json, statement: Statement) -> Json:
    """Return the resource with the statement's encounter, where there is one."""
    return (
        resource
        if statement.encounter is None
        else {**resource, "encounter": {"reference": statement.encounter}}
    )
