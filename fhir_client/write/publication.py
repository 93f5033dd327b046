"""Publishes a Questionnaire: creates or updates it."""

from enum import StrEnum

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, VersionConflictError
from fhir_client.model import Json
from fhir_client.transport.responses import entry_errors

# Elements that servers add: id, version, and a narrative generated from the rest.
SERVER_ELEMENTS = ("id", "meta", "text")


class Publication(StrEnum):
    """The effect of publishing, in a word."""

    CREATED = "created"
    UPDATED = "updated"
    NOTHING = "unchanged"


def publish_questionnaire(client: FhirClient, questionnaire: Json) -> Publication:
    """Publish a Questionnaire and return the effect.

    Raises the errors of fhir_client.errors.

    Raises RefusedError where the server stores other content than was sent.
    """
    current = _find_questionnaire(client, questionnaire)
    if current is not None and _own_content(current) == _own_content(questionnaire):
        return Publication.NOTHING
    answer = client.send_bundle(
        {"resourceType": "Bundle", "type": "batch", "entry": [_build_entry(questionnaire, current)]}
    )
    if error := next(entry_errors(answer), None):
        raise error
    # Some servers accept a Questionnaire and drop elements that they do not know.
    stored = _find_questionnaire(client, questionnaire)
    if stored is None or _own_content(stored) != _own_content(questionnaire):
        raise RefusedError(
            "The server accepted the Questionnaire but does not keep it as it was sent."
        )
    return Publication.CREATED if current is None else Publication.UPDATED


def _find_questionnaire(client: FhirClient, questionnaire: Json) -> Json | None:
    url, version = questionnaire["url"], questionnaire["version"]
    candidates = client.search("Questionnaire", {"url": url, "version": version})
    # A server that does not know the parameter `version` returns every version.
    matches = [
        candidate
        for candidate in candidates
        if (candidate.get("url"), candidate.get("version")) == (url, version)
    ]
    if len(matches) > 1:
        raise VersionConflictError(
            f"The server has {len(matches)} Questionnaires of this canonical and version: "
            "remove all but one."
        )
    return matches[0] if matches else None


def _build_entry(questionnaire: Json, current: Json | None) -> Json:
    if current is None:
        condition = f"url={questionnaire['url']}&version={questionnaire['version']}"
        return {
            "resource": questionnaire,
            "request": {"method": "POST", "url": "Questionnaire", "ifNoneExist": condition},
        }
    request = {"method": "PUT", "url": f"Questionnaire/{current['id']}"}
    if version_id := current.get("meta", {}).get("versionId"):
        request["ifMatch"] = f'W/"{version_id}"'
    return {"resource": {**questionnaire, "id": current["id"]}, "request": request}


def _own_content(questionnaire: Json) -> Json:
    return {name: value for name, value in questionnaire.items() if name not in SERVER_ELEMENTS}
