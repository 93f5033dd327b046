"""Whatever happens, a submission is written to a real FHIR server once, and harms nothing."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any
from uuid import uuid4

import pytest

from fhir_client.client import FhirClient
from fhir_client.errors import (
    ChartConflictError,
    PatientError,
    RefusedError,
    TemporaryError,
    VersionConflictError,
)
from fhir_client.model import Element
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.patient_merge import merge_statement
from fhir_client.uscore.statement import AbsentReason, CategoryAnswer, Statement, without_elements
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.bundle import build_bundle
from fhir_client.write.charts import MergeContext
from fhir_client.write.read_back import read_back
from fhir_client.write.task import WriteAttempt, Writer, WriteResult
from fhir_client.write.transaction import find_written
from fhir_client.write.writer import write_statement
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy, load_settings
from intake.store.payload import decode_submission
from tests.support.command_site import write_site

pytestmark = pytest.mark.server
WRITER = Writer(us_core_version("6.1.0"))
EXAMPLE = Path(__file__).parents[1] / "support" / "data" / "multi-race.answers.json"
PATIENT = {
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


@pytest.fixture
def patient(client: FhirClient) -> dict[str, Any]:
    return client.create(PATIENT)


@pytest.fixture
def said(patient: dict[str, Any]) -> Statement:
    submission = replace(
        decode_submission(EXAMPLE.read_bytes()), id=uuid4(), patient=f"Patient/{patient['id']}"
    )
    return build_statement(submission, load_settings().question_sets["spd15-2024"], MappingPolicy())


def effects(client: FhirClient, said: Statement) -> dict[str, int]:
    """Return how many resources of each kind the server holds for the patient."""
    kinds = {"QuestionnaireResponse": "subject", "Observation": "subject", "Provenance": "target"}
    return {kind: len(list(client.search(kind, {by: said.patient}))) for kind, by in kinds.items()}


ONE = {"QuestionnaireResponse": 1, "Observation": 4, "Provenance": 1}


class Unlucky(FhirClient):
    """A client that loses answers, or lets a colleague write first."""

    lose_answer = False
    before_write: Any = None

    def send_bundle(self, bundle: dict[str, Any]) -> dict[str, Any]:
        if bundle["type"] != "transaction":
            return super().send_bundle(bundle)
        if self.before_write is not None:
            act, self.before_write = self.before_write, None
            act()
        answer = super().send_bundle(bundle)
        if self.lose_answer:
            raise TemporaryError("The server did not answer in time.")
        return answer


@contextmanager
def unlucky(server: str) -> Iterator[Unlucky]:
    with Unlucky(server, timeout=10) as found:
        yield found


def test_a_submission_is_written_and_read_back_without_harm(
    client: FhirClient, patient: dict[str, Any], said: Statement
) -> None:
    sent: list[WriteAttempt] = []
    written = write_statement(client, WRITER, said, before_sending=sent.append)
    later = chart_elements(merge_statement(patient, said, WRITER.version).patient)
    assert sent == [
        WriteAttempt(said.patient, patient["meta"]["versionId"], chart_elements(patient), later)
    ]
    assert read_back(client, WRITER, said, written, base_version=written.base_version) == ()
    assert effects(client, said) == ONE
    now = client.read(said.patient)
    untouched = {"name", "telecom", "gender", "birthDate"}
    assert {key: now[key] for key in untouched} == {key: PATIENT[key] for key in untouched}
    assert PATIENT["extension"][0] in now["extension"]
    assert [entry.get("preferred", False) for entry in now["communication"]] == [False, True, False]


def test_a_repeat_finds_itself(client: FhirClient, said: Statement) -> None:
    written = write_statement(client, WRITER, said)
    assert write_statement(client, WRITER, said, first=False) == WriteResult(
        written.patient, written.response
    )
    assert effects(client, said) == ONE


def test_a_retry_after_a_time_out_duplicates_nothing(
    server: str, client: FhirClient, said: Statement
) -> None:
    with unlucky(server) as losing:
        losing.lose_answer = True
        with pytest.raises(TemporaryError):
            write_statement(losing, WRITER, said)
    assert write_statement(client, WRITER, said, first=False) == find_written(client, WRITER, said)
    assert effects(client, said) == ONE


def test_a_colleague_who_writes_between_is_merged_not_overwritten(
    server: str, said: Statement
) -> None:
    with unlucky(server) as client:

        def colleague() -> None:
            now = client.read(said.patient)
            now["telecom"].append({"system": "email", "value": "lan@example.org"})
            entry = {"resource": now, "request": {"method": "PUT", "url": said.patient}}
            FhirClient(server).send_bundle(
                {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
            )

        client.before_write = colleague
        write_statement(client, WRITER, said)
        assert {each["system"] for each in client.read(said.patient)["telecom"]} == {
            "phone",
            "email",
        }
        assert effects(client, said) == ONE
        assert read_back(client, WRITER, said) == ()


def test_a_stale_etag_is_a_version_conflict(
    client: FhirClient, patient: dict[str, Any], said: Statement
) -> None:
    write_statement(client, WRITER, said)
    now = client.read(said.patient)
    stale = f'W/"{patient["meta"]["versionId"]}"'
    entry = {
        "resource": {**now, "active": True},
        "request": {"method": "PUT", "url": said.patient, "ifMatch": stale},
    }
    # Medplum answers 412, HAPI 409.
    with pytest.raises(VersionConflictError):
        client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert client.read(said.patient) == now


def test_two_senders_at_once_leave_one_effect(
    server: str, client: FhirClient, said: Statement
) -> None:
    together = Barrier(2)

    def send(_: int) -> WriteResult:
        with FhirClient(server, timeout=30) as one:
            return write_statement(one, WRITER, said, before_sending=lambda _: meet(together))

    with ThreadPoolExecutor(2) as workers:
        first, second = workers.map(send, range(2))
    assert (first.patient, first.response) == (second.patient, second.response)
    assert effects(client, said) == ONE
    assert read_back(client, WRITER, said) == ()


def meet(barrier: Barrier) -> None:
    """Wait for the other sender the first time; a sender that merges again goes on alone."""
    with suppress(BrokenBarrierError):
        barrier.wait(10)
        barrier.abort()


def test_a_refused_transaction_leaves_nothing(client: FhirClient, said: Statement) -> None:
    bundle = build_bundle(said, WRITER.version, client.read(said.patient)).bundle
    bundle["entry"][-1]["resource"]["recorded"] = "yesterday"
    with pytest.raises(RefusedError, match="answered 400"):
        client.send_bundle(bundle)
    assert effects(client, said) == {"QuestionnaireResponse": 0, "Observation": 0, "Provenance": 0}


def test_a_chart_changed_since_the_visit_began_goes_to_a_reviewer(
    client: FhirClient, said: Statement
) -> None:
    write_statement(
        client,
        WRITER,
        replace(
            without_elements(
                said, {Element.INTERPRETER, Element.SPOKEN_LANGUAGE, Element.WRITTEN_LANGUAGE}
            ),
            submission=uuid4(),
        ),
    )
    nothing = {"race": None, "ethnicity": None}
    with pytest.raises(ChartConflictError):
        write_statement(
            client,
            WRITER,
            replace(said, values={**said.values, Element.RACE: CategoryAnswer("other")}),
            context=MergeContext(chart=nothing),
        )


def test_declining_keeps_what_the_chart_says_and_is_verified(
    client: FhirClient, said: Statement
) -> None:
    write_statement(client, WRITER, said)
    before = chart_elements(client.read(said.patient))
    declined = AbsentReason.ASKED_DECLINED
    elements = (Element.RACE, Element.ETHNICITY, Element.SPOKEN_LANGUAGE)
    values = {**said.values, **dict.fromkeys(elements, declined)}
    later = without_elements(
        replace(said, submission=uuid4(), values=values), {Element.WRITTEN_LANGUAGE}
    )
    write_statement(client, WRITER, later)
    assert chart_elements(client.read(said.patient)) == before
    assert read_back(client, WRITER, later) == ()


def test_a_merged_chart_is_followed_and_a_loop_is_held(
    client: FhirClient, patient: dict[str, Any], said: Statement
) -> None:
    link = [{"type": "replaced-by", "other": {"reference": f"Patient/{patient['id']}"}}]
    old = client.create({**PATIENT, "active": False, "link": link})
    assert (
        write_statement(client, WRITER, replace(said, patient=f"Patient/{old['id']}")).patient
        == said.patient
    )
    now = client.read(said.patient)
    now["link"] = [{"type": "replaced-by", "other": {"reference": f"Patient/{old['id']}"}}]
    entry = {"resource": now, "request": {"method": "PUT", "url": said.patient}}
    client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    with pytest.raises(PatientError):
        write_statement(client, WRITER, replace(said, submission=uuid4()))


def test_an_inactive_or_missing_patient_is_a_patient_error(
    client: FhirClient, said: Statement
) -> None:
    retired = client.create({**PATIENT, "active": False})
    for reference in (f"Patient/{retired['id']}", f"Patient/{uuid4()}"):
        with pytest.raises(PatientError):
            write_statement(client, WRITER, replace(said, patient=reference))


@pytest.mark.parametrize("name", ["3.1.1", "6.1.0", "7.0.0", "8.0.1", "9.0.0"])
def test_every_version_reads_back(client: FhirClient, said: Statement, name: str) -> None:
    writer = Writer(us_core_version(name))
    write_statement(client, writer, said)
    assert read_back(client, writer, said) == ()


def test_a_value_that_the_server_dropped_is_seen(client: FhirClient, said: Statement) -> None:
    write_statement(client, WRITER, said)
    now = client.read(said.patient)
    now["extension"] = [
        each for each in now["extension"] if not each["url"].endswith("us-core-race")
    ]
    entry = {"resource": now, "request": {"method": "PUT", "url": said.patient}}
    client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert [each.element for each in read_back(client, WRITER, said)] == ["Patient race"]


def test_the_command_line_delivers_and_verifies(
    server: str,
    organization: str,
    patient: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    from intake.cli import main

    write_site(tmp_path, server)
    clinics = tmp_path / "clinics.toml"
    clinics.write_text(
        clinics.read_text("utf-8").replace("Organization/riverside", organization), "utf-8"
    )
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path))
    assert main(["keys", "new"]) == main(["migrate"]) == 0
    assert main(["submit", str(EXAMPLE), "--patient", f"Patient/{patient['id']}"]) == 0
    assert main(["worker", "--once"]) == 0
    capsys.readouterr()
    main(["submissions", "--json"])
    [row] = json.loads(capsys.readouterr().out)
    assert (row["state"], row["attempts"], row["words"]) == ("verified", 1, None)
