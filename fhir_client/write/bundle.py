"""Builds the transaction Bundle with all resources of one submission."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid5

from fhir_client.model import Json
from fhir_client.quirks import STANDARD_QUIRKS, Quirks
from fhir_client.uscore.datatypes import response_url
from fhir_client.uscore.observations import (
    EarlierObservations,
    build_observations,
    correct_observation,
)
from fhir_client.uscore.patient_merge import MergePolicy, PatientMerge, merge_statement
from fhir_client.uscore.provenance import build_provenance
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.write.ehr_questionnaire import map_to_ehr_items

ENTERED_IN_ERROR = "entered-in-error"

MAX_CONDITIONAL_ENTRIES = 8
"""How many entries a transaction with conditional creates may have (Medplum, fhir-router)."""


class NoVersionError(ValueError):
    """The resource has no meta.versionId, without which it cannot be replaced safely."""


@dataclass(frozen=True, slots=True)
class BuiltBundle:
    """A Bundle, and the merge in it; None where no Patient was given."""

    bundle: Json
    merge: PatientMerge | None


def build_bundle(
    statement: Statement,
    version: UsCoreVersion,
    patient: Json | None = None,
    policy: MergePolicy | None = None,
    base_url: str | None = None,
) -> BuiltBundle:
    """Return the Bundle for a server that follows FHIR; raises NoVersionError.

    It has a Patient entry only where the merge changes the given Patient. `base_url` is the
    server's, None where no server is known yet.
    """
    merge = None if patient is None else merge_statement(patient, statement, version, policy)
    return BuiltBundle(transaction_bundle(statement, version, merge, base_url=base_url), merge)


def transaction_bundle(
    statement: Statement,
    version: UsCoreVersion,
    merge: PatientMerge | None,
    quirks: Quirks = STANDARD_QUIRKS,
    once: Callable[[str], bool] = lambda _: True,
    base_url: str | None = None,
    earlier: EarlierObservations | None = None,
) -> Json:
    """Return the transaction Bundle with the merged Patient; raises NoVersionError.

    `once` tells whether the server takes a conditional create for a resource type. `earlier` are
    the Observations that the statement corrects.
    """
    earlier = earlier or EarlierObservations()
    entries = []
    if merge is not None and merge.changed:
        version_id = required_version(merge.patient)
        full_url = (
            uuid5(statement.submission, "Patient").urn
            if base_url is None
            else f"{base_url}/{statement.patient}"
        )
        entries.append(replace_entry(statement.patient, merge.patient, version_id, full_url))
    observations: dict[str, Json] = {}
    references = []
    for name, observation in build_observations(statement, version):
        if existing := earlier.corrected.get(name):
            corrected = correct_observation(existing, observation)
            references.append(f"Observation/{existing['id']}")
            entries.append(_update_entry(corrected, required_version(existing), base_url))
        else:
            url = uuid5(statement.submission, f"entry {name}").urn
            references.append(url)
            observations[url] = observation
    entries += [
        _update_entry(in_error(existing), required_version(existing), base_url)
        for existing in earlier.withdrawn
    ]
    response = map_to_ehr_items(build_questionnaire_response(statement, version), quirks)
    # Resources refer to each other by these URLs, which the server replaces.
    new_resources = {response_url(statement): response, **observations}
    element_ids = {} if merge is None else merge.element_ids
    new_resources[uuid5(statement.submission, "Provenance").urn] = build_provenance(
        statement, version, references, element_ids
    )
    # Medplum refuses conditional creates in a larger transaction. The If-Match of the chart then
    # stops a second delivery, and the read-back finds what it would double.
    takes_conditions = len(entries) + len(new_resources) <= MAX_CONDITIONAL_ENTRIES
    entries += [
        _create_entry(url, resource, once=takes_conditions and once(resource["resourceType"]))
        for url, resource in new_resources.items()
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def identifier_search(identifier: Json) -> str:
    """Return the search value of an identifier: `system|value`."""
    return f"{identifier.get('system')}|{identifier.get('value')}"


def resource_identifier(resource: Json) -> Json | None:
    """Return the identifier that we gave a resource, if its type has one."""
    identifiers = resource.get("identifier")
    identifier: Json | None = identifiers[0] if isinstance(identifiers, list) else identifiers
    return identifier


def required_version(resource: Json) -> str:
    """Return the version of a resource as it was read.

    Raises NoVersionError where the server keeps none.
    """
    version_id = resource.get("meta", {}).get("versionId")
    if not version_id:
        resource_type = resource["resourceType"]
        raise NoVersionError(
            f"the {resource_type} has no meta.versionId, so another client's change would go "
            "unnoticed"
        )
    return str(version_id)


def replace_entry(url: str, resource: Json, version: str, full_url: str) -> Json:
    """Return the entry that replaces that version of the resource at `url`."""
    # Relative references, such as a generalPractitioner's, cannot be resolved without a fullUrl.
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "PUT", "url": url, "ifMatch": f'W/"{version}"'},
    }


def _update_entry(resource: Json, version: str, base_url: str | None) -> Json:
    reference = f"{resource['resourceType']}/{resource['id']}"
    return replace_entry(reference, resource, version, f"{base_url}/{reference}")


def in_error(resource: Json) -> Json:
    """Return the resource as entered in error."""
    return {**resource, "status": ENTERED_IN_ERROR}


def _create_entry(url: str, resource: Json, *, once: bool) -> Json:
    request = {"method": "POST", "url": resource["resourceType"]}
    condition = if_none_exist(resource)
    if condition is not None and once:
        # A transaction that was sent twice then creates the resource only once.
        request["ifNoneExist"] = condition
    return {"fullUrl": url, "resource": resource, "request": request}


def if_none_exist(resource: Json) -> str | None:
    """Return the search of a conditional create, None without an identifier."""
    identifier = resource_identifier(resource)
    return None if identifier is None else f"identifier={identifier_search(identifier)}"
