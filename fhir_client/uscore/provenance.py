"""The Provenance: who said it, who sent it on, and which elements of the Patient it speaks of."""

from collections.abc import Iterable, Mapping

from fhir_client.uscore.datatypes import Json, concept_json, informant_reference, response_url
from fhir_client.uscore.statement import Coding, Source, Statement
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

PROFILE = f"{US_CORE}us-core-provenance"
TARGET_ELEMENT = "http://hl7.org/fhir/StructureDefinition/targetElement"
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def build_provenance(
    statement: Statement,
    version: UsCoreVersion,
    observation_urls: Iterable[str],
    element_ids: Mapping[str, str],
) -> Json:
    """Return the Provenance of a submission; `element_ids` are the ids of the Patient's elements that it changed."""
    targets: list[Json] = [
        {
            "extension": [{"url": TARGET_ELEMENT, "valueUri": identity}],
            "reference": statement.patient,
        }
        for identity in element_ids.values()
    ]
    targets += [{"reference": url} for url in (response_url(statement), *observation_urls)]
    return {
        "resourceType": "Provenance",
        "meta": {"profile": [PROFILE]},
        "target": targets,
        "recorded": statement.answered_at.isoformat(timespec="seconds"),
        "agent": _agents(statement, version),
        "entity": [{"role": "source", "what": {"reference": response_url(statement)}}],
    }


def _agents(statement: Statement, version: UsCoreVersion) -> list[Json]:
    own = statement.source is Source.PATIENT
    kind = (
        Coding(PARTICIPANT, "author", "Author")
        if own
        else Coding(PARTICIPANT, "informant", "Informant")
    )
    agents: list[Json] = [{"type": concept_json(kind), "who": informant_reference(statement)}]
    if statement.organization is not None:
        transmitter = Coding(version.participant_system, "transmitter", "Transmitter")
        agents.append(
            {"type": concept_json(transmitter), "who": _organization(statement.organization)}
        )
    return agents


def _organization(named: str) -> Json:
    system, bar, value = named.rpartition("|")
    return (
        {"type": "Organization", "identifier": {"system": system, "value": value}}
        if bar
        else {"reference": named}
    )
