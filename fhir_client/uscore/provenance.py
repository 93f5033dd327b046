"""The Provenance: the informant, the clinic that transmits, and the elements they speak of."""

from collections.abc import Iterable, Mapping

from fhir_client.model import Json
from fhir_client.uscore.datatypes import (
    author_reference,
    clinic_reference,
    concept_json,
    informant_reference,
    response_url,
)
from fhir_client.uscore.statement import Coding, Entry, Source, Statement
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

PROFILE = f"{US_CORE}us-core-provenance"
TARGET_ELEMENT = "http://hl7.org/fhir/StructureDefinition/targetElement"
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
AUTHOR = Coding(PARTICIPANT, "author", "Author")
INFORMANT = Coding(PARTICIPANT, "informant", "Informant")
ENTERER = Coding(PARTICIPANT, "enterer", "Enterer")


def build_provenance(
    statement: Statement,
    version: UsCoreVersion,
    observation_urls: Iterable[str],
    element_ids: Mapping[str, str],
) -> Json:
    """Return the Provenance of a submission.

    `element_ids` are the ids of the Patient's elements that the submission changed.
    """
    targets = [_element_target(statement.patient, name) for name in element_ids.values()]
    # The resources are named as a whole, because all of each comes from the informant.
    targets += [{"reference": url} for url in (response_url(statement), *observation_urls)]
    return {
        "resourceType": "Provenance",
        "meta": {"profile": [PROFILE]},
        "target": targets,
        "recorded": statement.answered_at.isoformat(timespec="seconds"),
        "agent": _build_agents(statement, version),
        # The response is the source, because only it has the answers word for word.
        "entity": [{"role": "source", "what": {"reference": response_url(statement)}}],
    }


def _element_target(patient: str, element_id: str) -> Json:
    extension = {"url": TARGET_ELEMENT, "valueUri": element_id}
    return {"extension": [extension], "reference": patient}


def _build_agents(statement: Statement, version: UsCoreVersion) -> list[Json]:
    # An author speaks of themselves, and an informant of another person.
    role = AUTHOR if statement.source is Source.PATIENT else INFORMANT
    agents: list[Json] = []
    if role is AUTHOR or version.takes_related_agents:
        agents.append({"type": concept_json(role), "who": informant_reference(statement)})
    if statement.entry is not None and statement.entry.by_staff:
        agents.append(_build_enterer(statement, statement.entry))
    # Without an informant, the Organization is the one agent that every Provenance needs.
    if statement.organization is not None or not agents:
        # Each version has its own code system for this one role.
        transmitter = Coding(version.participant_system, "transmitter", "Transmitter")
        agents.append({"type": concept_json(transmitter), "who": clinic_reference(statement)})
    return agents


def _build_enterer(statement: Statement, entry: Entry) -> Json:
    agent = {"type": concept_json(ENTERER), "who": author_reference(statement)}
    if entry.practitioner is None:
        return agent
    # US Core's provenance-1: a practitioner acts on behalf of an organization.
    return {**agent, "onBehalfOf": clinic_reference(statement)}
