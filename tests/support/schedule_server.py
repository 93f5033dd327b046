"""A server with appointments and charts, as a test sets them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.stub_server import StubRequest, StubResponse, StubServer

FRONT = "Location/front"


def _is_at_one_of(appointment: dict[str, Any], searches: list[str]) -> bool:
    if not searches:
        return True
    actors = {part["actor"].get("reference") for part in appointment.get("participant", [])}
    return all(actors & set(search.split(",")) for search in searches)


@dataclass
class ScheduleServer:
    """A server with appointments and charts.

    Each search for appointments needs one of the parameters `required`; without one it gets 400.
    `statuses` holds the HTTP status of a patient whose chart is not answered with 200.
    """

    server: StubServer
    appointments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    charts: dict[str, dict[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def base_url(self) -> str:
        return f"{self.server.url}/fhir"

    def expect(self, patient: str, *places: str, start: str = "2026-11-24T16:00:00Z") -> None:
        actors = [f"Patient/{patient}", *places]
        participants = [{"actor": {"reference": reference}} for reference in actors]
        self.appointments.append(
            {
                "resourceType": "Appointment",
                "id": patient,
                "status": "booked",
                "start": start,
                "participant": participants,
            }
        )

    def respond(self, request: StubRequest) -> StubResponse:
        path = urlsplit(request.path).path.removeprefix("/fhir/")
        if path == "Appointment":
            parameters = parse_qs(urlsplit(request.path).query)
            if self.required and not set(self.required) & set(parameters):
                issue = {"severity": "error", "code": "required"}
                outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
                return StubResponse(400, json.dumps(outcome).encode())
            entry = [
                {"resource": appointment}
                for appointment in self.appointments
                if _is_at_one_of(appointment, parameters.get("location", []))
            ]
            return StubResponse(
                body=json.dumps(
                    {"resourceType": "Bundle", "type": "searchset", "entry": entry}
                ).encode()
            )
        patient_id = path.removeprefix("Patient/")
        default_chart = {
            "resourceType": "Patient",
            "name": [{"family": "Nguyen"}],
            "birthDate": "1980-02-29",
        }
        return StubResponse(
            self.statuses.get(patient_id, 200),
            json.dumps(default_chart | self.charts.get(patient_id, {})).encode(),
        )
