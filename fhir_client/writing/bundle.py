"""The transaction Bundle: everything that one submission writes, so that all of it happens or nothing."""

from dataclasses import dataclass
from uuid import uuid5

from fhir_client.quirks import USUAL, Quirks
from fhir_client.uscore.observations import observations
from fhir_client.uscore.parts import Json, response_url
from fhir_client.uscore.patient import Merge, MergePolicy, apply
from fhir_client.uscore.provenance import provenance
from fhir_client.uscore.questionnaire import questionnaire_response
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.writing.own import as_its_own


class NoVersion(ValueError):
    """The Patient has no meta.versionId, without which it cannot be written safely."""


@dataclass(frozen=True, slots=True)
class Built:
    """A Bundle, and the merge that is in it; None where no Patient was given."""

    bundle: Json
    merge: Merge | None


def build(
    statement: Statement, version: UsCoreVersion, patient: Json | None = None, policy: MergePolicy | None = None
) -> Built:
    """Return the Bundle; without a Patient it has no Patient entry, nor where the Patient says it all already."""
    merge = None if patient is None else apply(patient, statement, version, policy)
    return Built(bundle_of(statement, version, merge), merge)


def bundle_of(statement: Statement, version: UsCoreVersion, merge: Merge | None, quirks: Quirks = USUAL) -> Json:
    """Return the transaction Bundle with the merged Patient; raises NoVersion."""
    entries = [] if merge is None or not merge.changed else [_patient_entry(statement, merge.patient)]
    made = {uuid5(statement.submission, f"entry {name}").urn: each for name, each in observations(statement, version)}
    response = as_its_own(questionnaire_response(statement, version), quirks)
    entries.append(_new(response_url(statement), response, quirks))
    entries += [_new(url, each, quirks) for url, each in made.items()]
    ids = {} if merge is None else merge.element_ids
    entries.append(_new(uuid5(statement.submission, "Provenance").urn, provenance(statement, version, made, ids), quirks))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def search_of(identifier: Json) -> str:
    """Return the search value of an identifier: `system|value`."""
    return f"{identifier['system']}|{identifier['value']}"


def _patient_entry(statement: Statement, patient: Json) -> Json:
    version_id = patient.get("meta", {}).get("versionId")
    if not version_id:
        raise NoVersion("the Patient has no meta.versionId, so a change by somebody else would not be noticed")
    request = {"method": "PUT", "url": statement.patient, "ifMatch": f'W/"{version_id}"'}
    return {"resource": patient, "request": request}


def _new(url: str, resource: Json, quirks: Quirks) -> Json:
    request = {"method": "POST", "url": resource["resourceType"]}
    only_once = if_none_exist(resource)
    if only_once is not None and quirks.conditional_create:
        request["ifNoneExist"] = only_once
    return {"fullUrl": url, "resource": resource, "request": request}


def if_none_exist(resource: Json) -> str | None:
    """Return the search by which a server sees that it has the resource already, None for one without an identifier."""
    held = resource.get("identifier")
    first = held[0] if isinstance(held, list) else held
    return None if first is None else f"identifier={search_of(first)}"
