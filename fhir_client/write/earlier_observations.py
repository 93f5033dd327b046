"""Corrects the Observations of earlier answers at the same visit, or marks them as in error."""

from collections.abc import Iterator
from dataclasses import replace

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.uscore.correction import Correction
from fhir_client.uscore.datatypes import observation_id, uuid_identifier
from fhir_client.uscore.observations import (
    EarlierObservations,
    build_observations,
    observation_element,
)
from fhir_client.uscore.statement import Statement
from fhir_client.write.bundle import ENTERED_IN_ERROR
from fhir_client.write.lookup import find_own
from fhir_client.write.strategy import RESOURCE_TYPES, WrittenPart
from fhir_client.write.task import Writer

OBSERVATION_TYPE = RESOURCE_TYPES[WrittenPart.OBSERVATIONS]


def find_earlier_observations(
    client: FhirClient, writer: Writer, statement: Statement
) -> EarlierObservations:
    """Return the Observations that the statement corrects and withdraws, unless it did already."""
    correction = writer.policy.correction
    if correction is None or WrittenPart.OBSERVATIONS not in writer.strategy.parts:
        return EarlierObservations()
    stated = {name for name, _ in build_observations(statement, writer.version)}
    corrected: dict[str, Json] = {}
    withdrawn: dict[str, Json] = {}
    for name, observation in _find_current(client, writer, statement, correction):
        identity = str(observation.get("id"))
        if _is_of_submission(observation, statement, name):
            # An earlier attempt of ours corrected it, so no other one can take its place.
            stated.discard(name)
        elif name in stated and name not in corrected:
            corrected[name] = observation
        elif observation != corrected.get(name):
            withdrawn[identity] = observation
    return EarlierObservations(corrected, tuple(withdrawn.values()))


def correct_elements(statement: Statement, earlier: EarlierObservations) -> Statement:
    """Return the statement with the names of the Observations that it corrects."""
    return replace(statement, corrected_elements=frozenset(earlier.corrected))


def _find_current(
    client: FhirClient, writer: Writer, statement: Statement, correction: Correction
) -> Iterator[tuple[str, Json]]:
    """Yield each current Observation of the visit with its name, the newest answer's first."""
    # Where a reviewer left the value to the chart, its own Observation stays too.
    elements = correction.elements - writer.policy.elements_to_keep
    for write in correction.corrected_writes():
        # Charts may have been merged since, so the Observations are about the statement's patient.
        earlier = replace(write.statement, patient=statement.patient)
        for name, expected in build_observations(earlier, writer.version):
            if observation_element(expected) not in elements:
                continue
            identifier = expected["identifier"][0]
            for observation in find_own(
                client, writer.strategy, OBSERVATION_TYPE, identifier, statement.patient
            ):
                if observation.get("status") != ENTERED_IN_ERROR:
                    yield name, observation


def _is_of_submission(observation: Json, statement: Statement, name: str) -> bool:
    return uuid_identifier(observation_id(statement, name))["value"] in (
        identifier.get("value") for identifier in observation.get("identifier", [])
    )
