"""An outbox with a worker before a real FHIR server, and what the server holds in the end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID, uuid4, uuid5

from fhir_client.client import Client
from fhir_client.uscore.patient import elements_of
from fhir_client.writing.ladder import Rung, whole
from intake.answers import Submission
from intake.settings import Server, Settings, load
from intake.store import submissions
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database
from intake.store.known import Known
from intake.store.payload import decode
from intake.store.submissions import Row
from intake.sync.strategy import pin
from intake.sync.worker import drain
from tests.cli.conftest import lay_out
from tests.faults import Proxy
from tests.sites import SetClock

EXAMPLE = decode((Path(__file__).parent / "sync" / "data" / "multi-race.answers.json").read_bytes())
PATIENT: dict[str, Any] = {
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
ONE = {
    "QuestionnaireResponse": 1,
    "race": 1,
    "ethnicity": 1,
    "spoken-language": 1,
    "interpreter": 1,
    "Provenance": 1,
}
"""The effects of the example's answers."""

CHANGED_BY_US = {"meta", "extension", "communication"}


@dataclass
class Outbox:
    """A site's outbox whose worker reaches the real server through a proxy; `real` is a client without one."""

    settings: Settings
    database: Database
    clock: SetClock
    proxy: Proxy
    real: Client

    @property
    def server(self) -> Server:
        return self.settings.servers["main"]

    @property
    def settings_file(self) -> Path:
        """What workers that are processes of their own read."""
        assert self.settings.directory is not None
        return self.settings.directory / "intake.toml"

    def patient(self, **changes: Any) -> str:
        """A new patient's reference."""
        return f"Patient/{self.real.create({**PATIENT, **changes})['id']}"

    def submit(self, patient: str, known: Known | None = None, **changes: Any) -> Submission:
        """Store a submission for the patient: the example's answers, unless said otherwise."""
        return self.submit_this(replace(EXAMPLE, id=uuid4(), patient=patient, **changes), known)

    def submit_this(self, sent: Submission, known: Known | None = None) -> Submission:
        """Store the submission as it is."""
        with self.database.write() as tx:
            assert submissions.submit(tx, sent, "main", None, known)
        return sent

    def work(self) -> bool:
        """Deliver what is due, as a worker's thread does."""
        return drain(self.settings, self.server, self.database, self.clock, lambda: 0.5, Event())

    def row(self, sent: Submission) -> Row:
        with self.database.read() as tx:
            found = submissions.get(tx, str(sent.id))
        assert found is not None
        return found

    def state(self, sent: Submission) -> tuple[str, str | None]:
        row = self.row(sent)
        return row.status.value, row.reason

    def work_until_closed(self, sent: Submission, rounds: int = 60) -> None:
        """Let time pass and work until the submission waits for nothing more."""
        while self.row(sent).status in submissions.OPEN:
            self.work()
            self.clock.advance(minutes=20)
            rounds -= 1
            assert rounds, self.row(sent)

    def edit(self, patient: str, **changes: Any) -> None:
        """Somebody else changes the chart."""
        put(self.real, {**self.real.read(patient), **changes})

    def versions(self, patient: str) -> int:
        current = str(self.real.read(patient)["meta"]["versionId"])
        # HAPI numbers them, and for a minute shows no more of a history than when it first counted it.
        return (
            int(current)
            if current.isdecimal()
            else len(list(self.real.search(f"{patient}/_history", {})))
        )


@contextmanager
def outbox_at(
    folder: Path, template: Path, proxy: Proxy, real: Client, organization: str
) -> Iterator[Outbox]:
    """An empty outbox in `folder`, whose worker reaches the server through the proxy and writes by transactions."""
    lay_out(folder, proxy.base_url)
    clinics = folder / "clinics.toml"
    clinics.write_text(
        clinics.read_text("utf-8").replace("Organization/riverside", organization), "utf-8"
    )
    settings, clock = load(folder), SetClock()
    settings.data_dir.mkdir()
    for held in template.iterdir():
        (settings.data_dir / held.name).write_bytes(held.read_bytes())
        (settings.data_dir / held.name).chmod(0o600)
    database = open_database(settings.database_url, load_keys(settings.key_file), clock)
    # So that the faults of a test's plan meet the writing, and not the question what the server offers.
    pin(settings.servers["main"], settings, database, whole(Rung.TRANSACTION))
    yield Outbox(settings, database, clock, proxy, real)
    database.close()


def put(client: Client, resource: dict[str, Any]) -> None:
    """Update a resource, over whatever is there."""
    entry = {
        "resource": resource,
        "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
    }
    client.bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})


def effects(client: Client, sent: Submission) -> dict[str, int]:
    """How many resources of each kind the server holds because of a submission."""
    own = {each["id"] for each in client.search("QuestionnaireResponse", _by(sent.id))}
    found = {"QuestionnaireResponse": len(own)}
    for element in ("race", "ethnicity", "spoken-language", "interpreter"):
        found[element] = len(list(client.search("Observation", _by(uuid5(sent.id, element)))))
    targets = (f"QuestionnaireResponse/{each}" for each in own)
    found["Provenance"] = sum(
        len(list(client.search("Provenance", {"target": each}))) for each in targets
    )
    return found


def _by(identity: UUID) -> dict[str, str]:
    return {"identifier": f"urn:ietf:rfc:3986|{identity.urn}"}


def rest_of(chart: dict[str, Any]) -> str:
    """A chart without what we may change in it, to be compared."""
    ours = set(map(json.dumps, _ours(chart)))
    others = [each for each in chart.get("extension", []) if json.dumps(each) not in ours]
    return json.dumps(
        [{key: each for key, each in chart.items() if key not in CHANGED_BY_US}, others],
        sort_keys=True,
    )


def _ours(chart: dict[str, Any]) -> list[Any]:
    found = elements_of(chart)
    return [
        found["race"],
        found["ethnicity"],
        *(found["interpreter"] or []),
        *(found["tribal-affiliation"] or []),
    ]
