"""Whatever happens, a submission is written once and harms nothing."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
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
from tests.servers.unreliable_client import open_unreliable_client
from tests.support.outbox import EXAMPLE_PATIENT, EXAMPLE_SUBMISSION

pytestmark = pytest.mark.server
WRITER = Writer(us_core_version("6.1.0"))


@pytest.fixture
def patient(client: FhirClient) -> dict[str, Any]:
    return client.create(EXAMPLE_PATIENT)


@pytest.fixture
def statement(patient: dict[str, Any]) -> Statement:
    submission = replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=f"Patient/{patient['id']}")
    return build_statement(submission, load_settings().question_sets["spd15-2024"], MappingPolicy())


def effects(client: FhirClient, statement: Statement) -> dict[str, int]:
    """Return how many resources of each kind the server holds for the patient."""
    kinds = {"QuestionnaireResponse": "subject", "Observation": "subject", "Provenance": "target"}
    return {
        kind: len(list(client.search(kind, {by: statement.patient}))) for kind, by in kinds.items()
    }


ONE = {"QuestionnaireResponse": 1, "Observation": 4, "Provenance": 1}


def test_a_submission_is_written_and_read_back_without_harm(
    client: FhirClient, patient: dict[str, Any], statement: Statement
) -> None:
    submission: list[WriteAttempt] = []
    written = write_statement(client, WRITER, statement, before_sending=submission.append)
    later = chart_elements(merge_statement(patient, statement, WRITER.version).patient)
    assert submission == [
        WriteAttempt(
            statement.patient, patient["meta"]["versionId"], chart_elements(patient), later
        )
    ]
    assert read_back(client, WRITER, statement, written, base_version=written.base_version) == ()
    assert effects(client, statement) == ONE
    now = client.read(statement.patient)
    untouched = {"name", "telecom", "gender", "birthDate"}
    assert {key: now[key] for key in untouched} == {key: EXAMPLE_PATIENT[key] for key in untouched}
    assert EXAMPLE_PATIENT["extension"][0] in now["extension"]
    assert [entry.get("preferred", False) for entry in now["communication"]] == [False, True, False]


def test_a_repeat_finds_itself(client: FhirClient, statement: Statement) -> None:
    written = write_statement(client, WRITER, statement)
    assert write_statement(client, WRITER, statement, first=False) == WriteResult(
        written.patient, written.response
    )
    assert effects(client, statement) == ONE


def test_a_retry_after_a_time_out_duplicates_nothing(
    server: str, client: FhirClient, statement: Statement
) -> None:
    with open_unreliable_client(server) as losing:
        losing.lose_answer = True
        with pytest.raises(TemporaryError):
            write_statement(losing, WRITER, statement)
    assert write_statement(client, WRITER, statement, first=False) == find_written(
        client, WRITER, statement
    )
    assert effects(client, statement) == ONE


def test_a_colleague_who_writes_between_is_merged_not_overwritten(
    server: str, statement: Statement
) -> None:
    with open_unreliable_client(server) as client:

        def colleague() -> None:
            now = client.read(statement.patient)
            now["telecom"].append({"system": "email", "value": "lan@example.org"})
            entry = {"resource": now, "request": {"method": "PUT", "url": statement.patient}}
            FhirClient(server).send_bundle(
                {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
            )

        client.before_write = colleague
        write_statement(client, WRITER, statement)
        assert {contact["system"] for contact in client.read(statement.patient)["telecom"]} == {
            "phone",
            "email",
        }
        assert effects(client, statement) == ONE
        assert read_back(client, WRITER, statement) == ()


def test_a_stale_etag_is_a_version_conflict(
    client: FhirClient, patient: dict[str, Any], statement: Statement
) -> None:
    write_statement(client, WRITER, statement)
    now = client.read(statement.patient)
    stale = f'W/"{patient["meta"]["versionId"]}"'
    entry = {
        "resource": {**now, "active": True},
        "request": {"method": "PUT", "url": statement.patient, "ifMatch": stale},
    }
    # Medplum answers 412, HAPI 409.
    with pytest.raises(VersionConflictError):
        client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert client.read(statement.patient) == now


def test_two_senders_at_once_leave_one_effect(
    server: str, client: FhirClient, statement: Statement
) -> None:
    together = Barrier(2)

    def send(_: int) -> WriteResult:
        with FhirClient(server, timeout=30) as sender:
            return write_statement(
                sender, WRITER, statement, before_sending=lambda _: meet(together)
            )

    with ThreadPoolExecutor(2) as workers:
        first, second = workers.map(send, range(2))
    assert (first.patient, first.response) == (second.patient, second.response)
    assert effects(client, statement) == ONE
    assert read_back(client, WRITER, statement) == ()


def meet(barrier: Barrier) -> None:
    """Wait for the other sender the first time.

    A sender that merges again goes on alone.
    """
    with suppress(BrokenBarrierError):
        barrier.wait(10)
        barrier.abort()


def test_a_refused_transaction_leaves_nothing(client: FhirClient, statement: Statement) -> None:
    bundle = build_bundle(statement, WRITER.version, client.read(statement.patient)).bundle
    bundle["entry"][-1]["resource"]["recorded"] = "yesterday"
    with pytest.raises(RefusedError, match="answered 400"):
        client.send_bundle(bundle)
    assert effects(client, statement) == {
        "QuestionnaireResponse": 0,
        "Observation": 0,
        "Provenance": 0,
    }


def test_a_chart_changed_since_the_visit_began_goes_to_a_reviewer(
    client: FhirClient, statement: Statement
) -> None:
    write_statement(
        client,
        WRITER,
        replace(
            without_elements(
                statement, {Element.INTERPRETER, Element.SPOKEN_LANGUAGE, Element.WRITTEN_LANGUAGE}
            ),
            submission=uuid4(),
        ),
    )
    nothing = {"race": None, "ethnicity": None}
    with pytest.raises(ChartConflictError):
        write_statement(
            client,
            WRITER,
            replace(statement, values={**statement.values, Element.RACE: CategoryAnswer("other")}),
            context=MergeContext(chart=nothing),
        )


def test_declining_keeps_what_the_chart_says_and_is_verified(
    client: FhirClient, statement: Statement
) -> None:
    write_statement(client, WRITER, statement)
    before = chart_elements(client.read(statement.patient))
    declined = AbsentReason.ASKED_DECLINED
    elements = (Element.RACE, Element.ETHNICITY, Element.SPOKEN_LANGUAGE)
    values = {**statement.values, **dict.fromkeys(elements, declined)}
    later = without_elements(
        replace(statement, submission=uuid4(), values=values), {Element.WRITTEN_LANGUAGE}
    )
    write_statement(client, WRITER, later)
    assert chart_elements(client.read(statement.patient)) == before
    assert read_back(client, WRITER, later) == ()


def test_a_merged_chart_is_followed_and_a_loop_is_held(
    client: FhirClient, patient: dict[str, Any], statement: Statement
) -> None:
    link = [{"type": "replaced-by", "other": {"reference": f"Patient/{patient['id']}"}}]
    old = client.create({**EXAMPLE_PATIENT, "active": False, "link": link})
    assert (
        write_statement(client, WRITER, replace(statement, patient=f"Patient/{old['id']}")).patient
        == statement.patient
    )
    now = client.read(statement.patient)
    now["link"] = [{"type": "replaced-by", "other": {"reference": f"Patient/{old['id']}"}}]
    entry = {"resource": now, "request": {"method": "PUT", "url": statement.patient}}
    client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    with pytest.raises(PatientError):
        write_statement(client, WRITER, replace(statement, submission=uuid4()))


def test_an_inactive_or_missing_patient_is_a_patient_error(
    client: FhirClient, statement: Statement
) -> None:
    retired = client.create({**EXAMPLE_PATIENT, "active": False})
    for reference in (f"Patient/{retired['id']}", f"Patient/{uuid4()}"):
        with pytest.raises(PatientError):
            write_statement(client, WRITER, replace(statement, patient=reference))


@pytest.mark.parametrize("name", ["3.1.1", "6.1.0", "7.0.0", "8.0.1", "9.0.0"])
def test_every_version_reads_back(client: FhirClient, statement: Statement, name: str) -> None:
    writer = Writer(us_core_version(name))
    write_statement(client, writer, statement)
    assert read_back(client, writer, statement) == ()


def test_a_value_that_the_server_dropped_is_seen(client: FhirClient, statement: Statement) -> None:
    write_statement(client, WRITER, statement)
    now = client.read(statement.patient)
    now["extension"] = [
        extension for extension in now["extension"] if not extension["url"].endswith("us-core-race")
    ]
    entry = {"resource": now, "request": {"method": "PUT", "url": statement.patient}}
    client.send_bundle({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert [mismatch.element for mismatch in read_back(client, WRITER, statement)] == [
        "Patient race"
    ]
