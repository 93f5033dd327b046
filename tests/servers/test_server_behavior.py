"""What each server does unexpectedly, and what our client makes of it."""

from typing import Any
from uuid import uuid4

import pytest
import requests

from fhir_client.client import FhirClient
from fhir_client.errors import (
    FhirError,
    GoneError,
    RefusedError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.transport.responses import response_error
from tests.support.outbox import EXAMPLE_PATIENT

pytestmark = pytest.mark.server
Json = dict[str, Any]
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "Tobacco smoking status"},
}


def ask(
    server: str, method: str, path: str, body: Json | None = None, **headers: str
) -> requests.Response:
    """Send one request, as any client would."""
    named = {key.replace("_", "-"): value for key, value in headers.items()} | {
        "Content-Type": "application/fhir+json"
    }
    return requests.request(
        method, f"{server}/{path}".rstrip("/"), json=body, headers=named, timeout=30
    )


def transaction(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def post(resource: Json, **request: str) -> Json:
    return {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], **request},
    }


@pytest.fixture
def patient(client: FhirClient) -> Json:
    return client.create(EXAMPLE_PATIENT)


@pytest.fixture
def kind(make: str) -> str:
    """The product that behaves so, whichever database is behind it."""
    return make.partition("-")[0]


def reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize(
    ("tag", "medplum", "hapi", "error"),
    [
        ('W/"0"', 412, 409, VersionConflictError),
        # Only our own ETags are ever sent. One of another shape is never tried again as a conflict.
        ('W/"of another shape"', 412, 500, FhirError),
        ("*", 200, 500, TemporaryError),
        ("without quotes", 200, 500, TemporaryError),
    ],
)
def test_a_stale_if_match(
    server: str, patient: Json, kind: str, tag: str, medplum: int, hapi: int, error: type[FhirError]
) -> None:
    response = ask(server, "PUT", reference(patient), {**patient, "active": True}, If_Match=tag)
    assert response.status_code == {"medplum": medplum, "hapi": hapi}[kind]
    assert response.status_code == 200 or isinstance(response_error(response), error)


def test_a_put_with_our_own_id(server: str, patient: Json, kind: str) -> None:
    patient_id = str(uuid4())
    response = ask(
        server,
        "PUT",
        f"Patient/{patient_id}",
        {**EXAMPLE_PATIENT, "id": patient_id},
        If_Match='W/"1"',
    )
    # HAPI creates it although If-Match says that it exists.
    assert response.status_code == {"medplum": 404, "hapi": 201}[kind]


def test_a_stale_delete(server: str, client: FhirClient, kind: str) -> None:
    observation = client.create(OBSERVATION)
    response = ask(server, "DELETE", reference(observation), If_Match='W/"0"')
    # HAPI ignores it, and a colleague's change is gone.
    assert response.status_code == {"medplum": 412, "hapi": 200}[kind]


def test_a_read_of_a_deleted_resource(server: str, client: FhirClient) -> None:
    observation = client.create(OBSERVATION)
    ask(server, "DELETE", reference(observation))
    gone = ask(server, "GET", reference(observation))
    assert gone.status_code in (404, 410)
    assert isinstance(response_error(gone), GoneError)


def test_an_unchanged_put(server: str, patient: Json, kind: str) -> None:
    response = ask(server, "PUT", reference(patient), patient)
    # So a request that a proxy sends twice is no conflict for HAPI if it changes nothing.
    same = response.json()["meta"]["versionId"] == patient["meta"]["versionId"]
    assert (response.status_code, same) == (200, {"medplum": False, "hapi": True}[kind])


def test_a_conditional_create_that_matches_several(server: str, client: FhirClient) -> None:
    name = {"system": "urn:ietf:rfc:3986", "value": uuid4().urn}
    for _ in range(2):
        client.create({**OBSERVATION, "identifier": [name]})
    again = transaction(
        post(
            {**OBSERVATION, "identifier": [name]},
            ifNoneExist=f"identifier={name['system']}|{name['value']}",
        )
    )
    assert isinstance(response_error(ask(server, "POST", "", again)), VersionConflictError)


def test_a_reference_to_nothing(server: str, kind: str) -> None:
    response = ask(
        server,
        "POST",
        "Observation",
        {**OBSERVATION, "subject": {"reference": f"Patient/{uuid4()}"}},
    )
    assert response.status_code == {"medplum": 201, "hapi": 400}[kind]
    assert response.ok or isinstance(response_error(response), RefusedError)


def test_a_conditional_reference_that_matches_nothing(server: str, kind: str) -> None:
    conditional = {**OBSERVATION, "subject": {"reference": f"Patient?identifier={uuid4()}"}}
    response = ask(server, "POST", "", transaction(post(conditional)))
    assert response.status_code == {"medplum": 200, "hapi": 404}[kind]


@pytest.mark.parametrize("change", [{"shoe": 1}, {"effectiveDateTime": "yesterday"}])
def test_what_is_no_fhir_is_refused(server: str, change: Json) -> None:
    response = ask(server, "POST", "Observation", {**OBSERVATION, **change})
    assert response.status_code == 400
    assert isinstance(response_error(response), RefusedError)


def test_a_code_of_no_value_set(server: str, kind: str) -> None:
    response = ask(server, "POST", "Observation", {**OBSERVATION, "status": "no such status"})
    assert response.status_code == {"medplum": 201, "hapi": 400}[kind]


def test_a_resource_without_a_required_element(server: str, kind: str) -> None:
    response = ask(
        server,
        "POST",
        "Observation",
        {key: value for key, value in OBSERVATION.items() if key != "code"},
    )
    assert response.status_code == {"medplum": 400, "hapi": 201}[kind]


def test_a_search_by_an_unknown_parameter(server: str, kind: str) -> None:
    response = ask(server, "GET", "Patient?shoe-size=44")
    assert response.status_code == {"medplum": 200, "hapi": 400}[kind]
    assert not response.ok or not response.json().get("entry")


def test_a_search_for_a_part_of_a_name(server: str, patient: Json, kind: str) -> None:
    response = ask(server, "GET", "Patient?family:contains=guye")
    assert response.status_code == {"medplum": 200, "hapi": 405}[kind]


def test_the_etag_of_an_entry(client: FhirClient, kind: str) -> None:
    [entry] = client.send_bundle(transaction(post(EXAMPLE_PATIENT)))["entry"]
    tag = entry["response"].get("etag")
    # We use nothing of an entry's ETag: the merged version is read from the resource.
    assert {"medplum": tag is None or tag.startswith("W/"), "hapi": tag == "1"}[kind]


def test_a_deleted_resource_that_is_written_again(
    server: str, client: FhirClient, kind: str
) -> None:
    observation = client.create(OBSERVATION)
    ask(server, "DELETE", reference(observation))
    again = ask(server, "PUT", reference(observation), observation)
    assert again.status_code == {"medplum": 200, "hapi": 201}[kind]


def test_a_delete_of_a_referenced_resource(
    server: str, client: FhirClient, patient: Json, kind: str
) -> None:
    client.create({**OBSERVATION, "subject": {"reference": reference(patient)}})
    response = ask(server, "DELETE", reference(patient))
    assert response.status_code == {"medplum": 200, "hapi": 409}[kind]


@pytest.mark.parametrize("operation", ["Patient/$validate", "Patient/{id}/$everything"])
def test_an_unknown_operation(server: str, patient: Json, kind: str, operation: str) -> None:
    path = operation.format(id=patient["id"])
    response = (
        ask(server, "POST", path, EXAMPLE_PATIENT)
        if "validate" in path
        else ask(server, "GET", path)
    )
    assert response.ok == {"medplum": False, "hapi": True}[kind]


def test_a_reverse_chained_search(
    server: str, client: FhirClient, patient: Json, kind: str
) -> None:
    client.create({**OBSERVATION, "subject": {"reference": reference(patient)}})
    response = ask(
        server, "GET", f"Patient?_has:Observation:subject:status=final&_id={patient['id']}"
    ).json()
    assert len(response.get("entry", [])) == {"medplum": 0, "hapi": 1}[kind]


def test_a_conditional_read_of_an_unchanged_resource(server: str, patient: Json, kind: str) -> None:
    response = ask(
        server, "GET", reference(patient), If_None_Match=f'W/"{patient["meta"]["versionId"]}"'
    )
    assert response.status_code == {"medplum": 200, "hapi": 304}[kind]
