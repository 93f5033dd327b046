"""An outbox whose worker writes to a real FHIR server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID, uuid4, uuid5

from fhir_client.client import FhirClient
from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements.spec import COMMUNICATION
from fhir_client.write.strategy import full_strategy
from intake.answers import Submission
from intake.ehr.strategy import pin_strategy
from intake.settings import Server, Settings, load_settings
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database
from intake.store.outbox import enqueue, undo_requests
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.records import OPEN, SubmissionRecord, find_record
from intake.store.outbox.undo_records import UndoRecord, decrypt_undo_record
from intake.store.outbox.undo_requests import UndoRequestResult
from intake.store.payload import decode_submission
from intake.store.tables import submissions as table
from intake.worker.batches import deliver_due
from tests.support.command_site import write_site
from tests.support.fault_proxy import FaultProxy
from tests.support.sites import ManualClock

EXAMPLE_SUBMISSION = decode_submission(
    (Path(__file__).parent / "data" / "multi-race.answers.json").read_bytes()
)
EXAMPLE_PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"family": "Nguyen", "given": ["Lan"]}],
    "telecom": [{"system": "phone", "value": "+1 555 0100"}],
    "gender": "female",
    "birthDate": "1980-02-29",
    "extension": [
        {
            "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex",
            "valueCode": "F",
        }
    ],
    "communication": [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}
    ],
}
ONE_OF_EACH = {
    "QuestionnaireResponse": 1,
    "race": 1,
    "ethnicity": 1,
    "spoken-language": 1,
    "interpreter": 1,
    "Provenance": 1,
}
"""The effects of the example's answers."""
WHITE_RACE: dict[str, Any] = {
    "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
    "extension": [
        {
            "url": "ombCategory",
            "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"},
        },
        {"url": "text", "valueString": "White"},
    ],
}
OBSERVED_ELEMENTS = ("race", "ethnicity", "spoken-language", "interpreter")
CHANGED_BY_US = {"meta", "extension", "communication"}


@dataclass
class Outbox:
    """A site's outbox whose worker reaches the real server through a proxy.

    `direct_client` reaches the server without the proxy.
    """

    settings: Settings
    database: Database
    clock: ManualClock
    proxy: FaultProxy
    direct_client: FhirClient

    @property
    def server(self) -> Server:
        return self.settings.servers["main"]

    @property
    def settings_file(self) -> Path:
        """The settings file that workers in processes of their own read."""
        assert self.settings.directory is not None
        return self.settings.directory / "intake.toml"

    def create_patient(self, **changes: Any) -> str:
        """Create a patient and return the reference."""
        return f"Patient/{self.direct_client.create({**EXAMPLE_PATIENT, **changes})['id']}"

    def submit_example(
        self, patient: str, base: MergeBase | None = None, **changes: Any
    ) -> Submission:
        """Store a submission for the patient, with the example's answers unless changed."""
        return self.store_submission(
            replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=patient, **changes), base
        )

    def store_submission(self, submission: Submission, base: MergeBase | None = None) -> Submission:
        """Store the submission as it is."""
        with self.database.write() as tx:
            assert enqueue.store_submission(tx, submission, "main", None, base)
        return submission

    def deliver_due(self) -> bool:
        """Deliver what is due, as a worker's thread does."""
        return deliver_due(
            self.settings, self.server, self.database, self.clock, lambda: 0.5, Event()
        )

    def read_record(self, submission: Submission) -> SubmissionRecord:
        with self.database.read() as tx:
            record = find_record(tx, str(submission.id))
        assert record is not None
        return record

    def read_state(self, submission: Submission) -> tuple[str, str | None]:
        row = self.read_record(submission)
        return row.status.value, row.reason

    def work_until_closed(self, submission: Submission, rounds: int = 60) -> None:
        """Let time pass and deliver until the submission is closed or held."""
        while self.read_record(submission).status in OPEN:
            self.deliver_due()
            self.clock.advance(minutes=20)
            rounds -= 1
            assert rounds, self.read_record(submission)

    def deliver_new(self, patient: str, **changes: Any) -> Submission:
        """Store a submission and deliver it until it is verified."""
        submission = self.submit_example(patient, **changes)
        self.work_until_closed(submission)
        assert self.read_state(submission) == ("verified", None)
        return submission

    def request_undo(self, submission: Submission) -> UndoRequestResult:
        """Request the undo of a submission, as a reviewer does."""
        with self.database.write() as tx:
            return undo_requests.request_undo(tx, str(submission.id))

    def deliver_undo(self, submission: Submission) -> tuple[str, str | None]:
        """Request an undo, deliver it, and return the submission's state."""
        assert self.request_undo(submission) is UndoRequestResult.STARTED
        self.work_until_closed(submission)
        return self.read_state(submission)

    def read_statuses(self, submission: Submission) -> set[str]:
        """Return the status of every resource that a submission left on the server."""
        ids = {
            "QuestionnaireResponse": [submission.id],
            "Observation": [uuid5(submission.id, element) for element in OBSERVED_ELEMENTS],
        }
        return {
            resource["status"]
            for kind, identities in ids.items()
            for identity in identities
            for resource in self.direct_client.search(kind, _identifier_query(identity))
        }

    def read_last_undo_record(self) -> UndoRecord:
        """Return the undo record of the last submission."""
        with self.database.read() as tx:
            query = table.select().order_by(table.c.number.desc())
            row = tx.connection.execute(query).first()
            assert row is not None
            return decrypt_undo_record(tx, row.earlier, row.id)

    def read_chart(self, patient: str) -> dict[str, Any]:
        """Return the chart without the server's `meta`."""
        chart = self.direct_client.read(patient)
        return {name: value for name, value in chart.items() if name != "meta"}

    def edit_chart(self, patient: str, **changes: Any) -> None:
        """Change the chart as a colleague would."""
        put_resource(self.direct_client, {**self.direct_client.read(patient), **changes})

    def count_versions(self, patient: str) -> int:
        current = str(self.direct_client.read(patient)["meta"]["versionId"])
        # HAPI numbers its versions, and for a minute its history lacks the newest ones.
        return (
            int(current)
            if current.isdecimal()
            else len(list(self.direct_client.search(f"{patient}/_history", {})))
        )


@contextmanager
def open_outbox(
    folder: Path, template: Path, proxy: FaultProxy, real: FhirClient, organization: str
) -> Iterator[Outbox]:
    """Open an empty outbox in `folder`, whose worker writes through the proxy.

    It writes transactions.
    """
    write_site(folder, proxy.base_url)
    clinics = folder / "clinics.toml"
    clinics.write_text(
        clinics.read_text("utf-8").replace("Organization/riverside", organization), "utf-8"
    )
    settings, clock = load_settings(folder), ManualClock()
    settings.data_dir.mkdir()
    for file in template.iterdir():
        (settings.data_dir / file.name).write_bytes(file.read_bytes())
        (settings.data_dir / file.name).chmod(0o600)
    database = open_database(settings.database_url, load_keys(settings.key_file), clock)
    # Without a pin the first planned fault would meet the negotiation, and not the write.
    pin_strategy(
        settings.servers["main"], settings, database, full_strategy(WriteStrategyKind.TRANSACTION)
    )
    yield Outbox(settings, database, clock, proxy, real)
    database.close()


def put_resource(client: FhirClient, resource: dict[str, Any]) -> None:
    """Update a resource, over any version of it."""
    entry = {
        "resource": resource,
        "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
    }
    client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})


def count_effects(client: FhirClient, submission: Submission) -> dict[str, int]:
    """Return how many resources of each kind the server holds because of a submission."""
    query = _identifier_query(submission.id)
    responses = {resource["id"] for resource in client.search("QuestionnaireResponse", query)}
    counts = {"QuestionnaireResponse": len(responses)}
    for element in OBSERVED_ELEMENTS:
        query = _identifier_query(uuid5(submission.id, element))
        counts[element] = len(list(client.search("Observation", query)))
    targets = (f"QuestionnaireResponse/{response_id}" for response_id in responses)
    counts["Provenance"] = sum(
        len(list(client.search("Provenance", {"target": target}))) for target in targets
    )
    return counts


def _identifier_query(identity: UUID) -> dict[str, str]:
    return {"identifier": f"urn:ietf:rfc:3986|{identity.urn}"}


def chart_of_others(chart: dict[str, Any]) -> str:
    """Return a chart without what we may change in it, for comparison."""
    own_values = set(map(json.dumps, _own_values(chart)))
    others = [
        extension
        for extension in chart.get("extension", [])
        if json.dumps(extension) not in own_values
    ]
    return json.dumps(
        [{key: value for key, value in chart.items() if key not in CHANGED_BY_US}, others],
        sort_keys=True,
    )


def _own_values(chart: dict[str, Any]) -> list[Any]:
    return [
        item
        for part, items in chart_elements(chart).items()
        if part != COMMUNICATION
        for item in items
    ]
