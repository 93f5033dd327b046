"""The transaction Bundle: everything that one submission writes, so that all of it happens or nothing."""

from collections.abc import Callable
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
    statement: Statement,
    version: UsCoreVersion,
    patient: Json | None = None,
    policy: MergePolicy | None = None,
) -> Built:
    """Return the Bundle; without a Patient it has no Patient entry, nor where the Patient says it all already."""
    merge = None if patient is None else apply(patient, statement, version, policy)
    return Built(bundle_of(statement, version, merge), merge)


def bundle_of(
    statement: Statement,
    version: UsCoreVersion,
    merge: Merge | None,
    quirks: Quirks = USUAL,
    once: Callable[[str], bool] = lambda _: True,
) -> Json:
    """Return the transaction Bundle with the merged Patient; raises NoVersion.

    `once` tells of a kind of resource whether the server can be asked to create one only where none has its identifier yet.
    """
    entries = []
    if merge is not None and merge.changed:
        entries.append(replacing(statement.patient, merge.patient, version_of(merge.patient)))
    made = {
        uuid5(statement.submission, f"entry {name}").urn: each
        for name, each in observations(statement, version)
    }
    response = as_its_own(questionnaire_response(statement, version), quirks)
    new = {response_url(statement): response, **made}
    ids = {} if merge is None else merge.element_ids
    new[uuid5(statement.submission, "Provenance").urn] = provenance(statement, version, made, ids)
    entries += [_new(url, each, once=once(each["resourceType"])) for url, each in new.items()]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def search_of(identifier: Json) -> str:
    """Return the search value of an identifier: `system|value`."""
    return f"{identifier.get('system')}|{identifier.get('value')}"


def own_identifier(resource: Json) -> Json | None:
    """Return the identifier that we gave a resource, None for a kind that has none in R4."""
    held = resource.get("identifier")
    found: Json | None = held[0] if isinstance(held, list) else held
    return found


def version_of(resource: Json) -> str:
    """Return the version of a resource as it was read; raises NoVersion where the server has none."""
    found = resource.get("meta", {}).get("versionId")
    if not found:
        kind = resource["resourceType"]
        raise NoVersion(
            f"the {kind} has no meta.versionId, so a change by somebody else would not be noticed"
        )
    return str(found)


def replacing(url: str, resource: Json, version: str) -> Json:
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
    own = own_identifier(resource)
    return None if own is None else f"identifier={search_of(own)}"
