"""The transaction Bundle: everything that one submission writes, so that all of it happens or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid5

from fhir_client.model import Json
from fhir_client.quirks import STANDARD_QUIRKS, Quirks
from fhir_client.uscore.datatypes import response_url
from fhir_client.uscore.observations import build_observations
from fhir_client.uscore.patient_merge import MergePolicy, PatientMerge, merge_statement
from fhir_client.uscore.provenance import build_provenance
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.write.ehr_questionnaire import map_to_ehr_items


class NoVersionError(ValueError):
    """The Patient has no meta.versionId, without which it cannot be written safely."""


@dataclass(frozen=True, slots=True)
class BuiltBundle:
    """A Bundle, and the merge that is in it; None where no Patient was given."""

    bundle: Json
    merge: PatientMerge | None


def build_bundle(
    statement: Statement,
    version: UsCoreVersion,
    patient: Json | None = None,
    policy: MergePolicy | None = None,
) -> BuiltBundle:
    """Return the Bundle; without a Patient it has no Patient entry, nor where the Patient says it all already."""
    merge = None if patient is None else merge_statement(patient, statement, version, policy)
    return BuiltBundle(transaction_bundle(statement, version, merge), merge)


def transaction_bundle(
    statement: Statement,
    version: UsCoreVersion,
    merge: PatientMerge | None,
    quirks: Quirks = STANDARD_QUIRKS,
    once: Callable[[str], bool] = lambda _: True,
) -> Json:
    """Return the transaction Bundle with the merged Patient; raises NoVersion.

    `once` tells of a kind of resource whether the server can be asked to create one only where none has its identifier yet.
    """
    entries = []
    if merge is not None and merge.changed:
        entries.append(
            replace_entry(statement.patient, merge.patient, required_version(merge.patient))
        )
    made = {
        uuid5(statement.submission, f"entry {name}").urn: each
        for name, each in build_observations(statement, version)
    }
    response = map_to_ehr_items(build_questionnaire_response(statement, version), quirks)
    new = {response_url(statement): response, **made}
    ids = {} if merge is None else merge.element_ids
    new[uuid5(statement.submission, "Provenance").urn] = build_provenance(
        statement, version, made, ids
    )
    entries += [_new(url, each, once=once(each["resourceType"])) for url, each in new.items()]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def identifier_search(identifier: Json) -> str:
    """Return the search value of an identifier: `system|value`."""
    return f"{identifier.get('system')}|{identifier.get('value')}"


def resource_identifier(resource: Json) -> Json | None:
    """Return the identifier that we gave a resource, None for a kind that has none in R4."""
    held = resource.get("identifier")
    found: Json | None = held[0] if isinstance(held, list) else held
    return found


def required_version(resource: Json) -> str:
    """Return the version of a resource as it was read; raises NoVersion where the server has none."""
    found = resource.get("meta", {}).get("versionId")
    if not found:
        kind = resource["resourceType"]
        raise NoVersionError(
            f"the {kind} has no meta.versionId, so a change by somebody else would not be noticed"
        )
    return str(found)


def replace_entry(url: str, resource: Json, version: str) -> Json:
    """Return the entry that puts `resource` in the place of that version of what is at `url`."""
    return {
        "resource": resource,
        "request": {"method": "PUT", "url": url, "ifMatch": f'W/"{version}"'},
    }


def _new(url: str, resource: Json, *, once: bool) -> Json:
    request = {"method": "POST", "url": resource["resourceType"]}
    only_once = if_none_exist(resource)
    if only_once is not None and once:
        request["ifNoneExist"] = only_once
    return {"fullUrl": url, "resource": resource, "request": request}


def if_none_exist(resource: Json) -> str | None:
    """Return the search by which a server sees that it has the resource already, None for one without an identifier."""
    own = resource_identifier(resource)
    return None if own is None else f"identifier={identifier_search(own)}"
