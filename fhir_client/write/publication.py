"""Publishes a Questionnaire: created where its canonical and version are not there, updated where its content is another."""

from enum import StrEnum

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, VersionConflictError
from fhir_client.model import Json
from fhir_client.transport.responses import entry_errors

OF_SERVER = ("id", "meta", "text")
"""What servers add: their own id and version, and a narrative that is made of the rest."""


class Publication(StrEnum):
    """What was done, in a word."""

    CREATED = "created"
    UPDATED = "updated"
    NOTHING = "unchanged"


def publish_questionnaire(client: FhirClient, questionnaire: Json) -> Publication:
    """Return what had to be done; raises the errors of fhir_client.errors, Refused where the server keeps something else."""
    held = _held(client, questionnaire)
    if held is not None and _content(held) == _content(questionnaire):
        return Publication.NOTHING
    answer = client.send_bundle(
        {"resourceType": "Bundle", "type": "batch", "entry": [_entry(questionnaire, held)]}
    )
    if fault := next(entry_errors(answer), None):
        raise fault
    kept = _held(client, questionnaire)
    if kept is None or _content(kept) != _content(questionnaire):
        raise RefusedError(
            "The server accepted the Questionnaire but does not keep it as it was sent."
        )
    return Publication.CREATED if held is None else Publication.UPDATED


def _held(client: FhirClient, questionnaire: Json) -> Json | None:
    version = questionnaire["version"]
    # The version is compared here, too: a server that does not know the parameter answers with every version.
    found = client.search("Questionnaire", {"url": questionnaire["url"], "version": version})
    same = [
        each
        for each in found
        if (each.get("url"), each.get("version")) == (questionnaire["url"], version)
    ]
    if len(same) > 1:
        raise VersionConflictError(
            f"The server has {len(same)} Questionnaires of this canonical and version: remove all but one."
        )
    return same[0] if same else None


def _entry(questionnaire: Json, held: Json | None) -> Json:
    if held is None:
        only = f"url={questionnaire['url']}&version={questionnaire['version']}"
        return {
            "resource": questionnaire,
            "request": {"method": "POST", "url": "Questionnaire", "ifNoneExist": only},
        }
    request = {"method": "PUT", "url": f"Questionnaire/{held['id']}"}
    if version_id := held.get("meta", {}).get("versionId"):
        request["ifMatch"] = f'W/"{version_id}"'
    return {"resource": {**questionnaire, "id": held["id"]}, "request": request}


def _content(questionnaire: Json) -> Json:
    return {name: value for name, value in questionnaire.items() if name not in OF_SERVER}
