"""The small FHIR datatypes that several resources share: codings, identifiers, references."""

from uuid import UUID, uuid5

from fhir_client.model import Json
from fhir_client.uscore.statement import AbsentReason, Coding, Source, Statement
from fhir_client.uscore.versions import ASKED_DECLINED, ASKED_UNKNOWN

# An identifier whose value is a URN has this system (R4, datatypes.html#Identifier).
URI = "urn:ietf:rfc:3986"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
GRAVITY_CODES = f"{GRAVITY}CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
# The two codes that us-core-interpreter-needed binds as answers.
YES = Coding(SNOMED, "373066001", "Yes")
NO = Coding(SNOMED, "373067005", "No")
# A clinic for which the site names no Organization.
CLINIC = "Clinic"
DECLINED_TEXT, UNKNOWN_TEXT = "Declined to answer", "Does not know"
# US Core 6 and 7 have one code for both, so that only the text keeps them apart.
ABSENT_TEXTS = {
    AbsentReason.ASKED_DECLINED: DECLINED_TEXT,
    AbsentReason.ASKED_UNKNOWN: UNKNOWN_TEXT,
}


def coding_json(coding: Coding) -> Json:
    """Return a FHIR Coding."""
    bare = {"system": coding.system, "code": coding.code}
    return bare if coding.display is None else {**bare, "display": coding.display}


def concept_json(*codings: Coding, text: str | None = None) -> Json:
    """Return a FHIR CodeableConcept."""
    concept: Json = {"coding": list(map(coding_json, codings))} if codings else {}
    return concept if text is None else {**concept, "text": text}


def find_extensions(resource: Json, *urls: str) -> list[Json]:
    """Return the extensions of a resource that have one of the URLs."""
    return [item for item in resource.get("extension", []) if item.get("url") in urls]


def absent_reason_coding(reason: AbsentReason) -> Coding:
    """Return the data-absent-reason coding."""
    return ASKED_DECLINED if reason is AbsentReason.ASKED_DECLINED else ASKED_UNKNOWN


def uuid_identifier(identity: UUID) -> Json:
    """Return the identifier by which a resource of ours is found again."""
    return {"system": URI, "value": identity.urn}


def observation_id(statement: Statement, name: str) -> UUID:
    """Return the own identity of the Observation of that name.

    One shared value would make the submission's Observations match each other.
    """
    # A UUID of version 5 is the same at every retry, so that none is created twice.
    return uuid5(statement.submission, name)


def informant_reference(statement: Statement) -> Json:
    """Return a reference to the informant.

    A related person is named by role only, because no RelatedPerson is created.
    """
    if statement.source is Source.PATIENT:
        return {"reference": statement.patient}
    # A reference without an address is legal, and no server can fail to resolve it.
    return {"type": "RelatedPerson", "display": statement.source_display or "Related person"}


def clinic_reference(statement: Statement) -> Json:
    """Return a reference to the clinic's Organization."""
    if statement.organization is None:
        return {"type": "Organization", "display": CLINIC}
    # A clinic that the server has no Organization for is named by identifier.
    system, bar, value = statement.organization.rpartition("|")
    if not bar:
        return {"reference": statement.organization}
    return {"type": "Organization", "identifier": {"system": system, "value": value}}


def author_reference(statement: Statement) -> Json:
    """Return a reference to the author of the record.

    The informant is, unless staff entered the answers: then it is the practitioner where one is
    named, else the clinic.
    """
    if statement.entry is None or not statement.entry.by_staff:
        return informant_reference(statement)
    if statement.entry.practitioner is not None:
        return {"reference": statement.entry.practitioner}
    return clinic_reference(statement)


def response_url(statement: Statement) -> str:
    """Return the QuestionnaireResponse's address inside the transaction."""
    return uuid5(statement.submission, "QuestionnaireResponse").urn


def with_encounter(resource: Json, statement: Statement) -> Json:
    """Return the resource with the statement's encounter, where there is one."""
    if statement.encounter is None:
        return resource
    return {**resource, "encounter": {"reference": statement.encounter}}
