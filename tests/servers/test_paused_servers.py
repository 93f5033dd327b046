"""A server's fault pauses the server; a submission's fault holds it alone."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from fhir_client.client import FhirClient
from intake.store import contacts, servers
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table
from tests.support.certificates import create_authority
from tests.support.fault_proxy import answer_with, run_first
from tests.support.outbox import Outbox
from tests.support.stub_server import StubRequest, StubResponse, run_stub_server

pytestmark = pytest.mark.server


def read_server(outbox: Outbox) -> servers.ServerState:
    with outbox.database.read() as tx:
        return servers.read_state(tx, "main")


@pytest.mark.parametrize("status", [401, 302, 405])
def test_a_server_at_fault_is_paused_and_not_hammered(outbox: Outbox, status: int) -> None:
    all_submissions = [outbox.submit_example(outbox.create_patient()) for _ in range(6)]
    outbox.proxy.default_fault = answer_with(status)
    for _ in range(5):
        outbox.deliver_due()
    assert len(outbox.proxy.requests) == 1
    assert read_server(outbox).reason == f"http-{status}"
    assert {outbox.read_state(submission)[0] for submission in all_submissions} == {"queued"}
    outbox.clock.advance(minutes=1)
    for _ in range(5):
        outbox.deliver_due()
    assert len(outbox.proxy.requests) == 2
    outbox.proxy.default_fault = None
    outbox.clock.advance(minutes=2)
    outbox.deliver_due()
    assert {outbox.read_state(submission)[0] for submission in all_submissions} == {"verified"}
    assert read_server(outbox).paused_since is None


def test_a_wrong_base_url_pauses_the_server_and_holds_no_patient(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = answer_with(404)
    outbox.deliver_due()
    assert (outbox.read_state(submission)[0], read_server(outbox).reason) == ("queued", "http-404")
    outbox.proxy.default_fault = None
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission)[0] == "verified"


def test_an_expired_certificate_pauses_the_server_and_holds_no_patient(
    outbox: Outbox, tmp_path: Path
) -> None:
    own_authority, context, real = (
        create_authority(tmp_path),
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        urlsplit(outbox.proxy.base_url),
    )
    context.load_cert_chain(
        own_authority.issue_certificate("server", datetime.now(UTC) - timedelta(hours=1))
    )

    def passed_on(heard: StubRequest) -> StubResponse:
        url, headers = (
            f"http://{real.netloc}{heard.path}",
            {"Content-Type": "application/fhir+json"},
        )
        response = requests.request(heard.method, url, data=heard.body, headers=headers, timeout=30)
        return StubResponse(response.status_code, response.content, headers)

    all_submissions = [outbox.submit_example(outbox.create_patient()) for _ in range(3)]
    with run_stub_server(passed_on, context) as secure:
        server = replace(
            outbox.server, base_url=f"{secure.url}{real.path}", ca_file=own_authority.file
        )
        outbox.settings = replace(outbox.settings, servers={"main": server})
        outbox.deliver_due()
        assert {outbox.read_state(submission)[0] for submission in all_submissions} == {"queued"}
        assert "certificate" in str(read_server(outbox).words)
        assert not secure.requests
        context.load_cert_chain(own_authority.issue_certificate("server"))
        for submission in all_submissions:
            outbox.work_until_closed(submission)
    assert {outbox.read_state(submission)[0] for submission in all_submissions} == {"verified"}
    assert read_server(outbox).paused_since is None


def test_a_server_that_forbids_one_submission_alone_goes_on(outbox: Outbox) -> None:
    secret, others = outbox.create_patient(), [outbox.create_patient() for _ in range(3)]
    submission = outbox.submit_example(secret)
    outbox.proxy.default_fault = lambda request, forward: (
        answer_with(403)(request, forward) if secret in request.path else forward(request)
    )
    for _ in range(3):
        outbox.deliver_due()
        outbox.clock.advance(minutes=1)
    assert outbox.read_state(submission) == ("queued", "http-403")
    passing = [outbox.submit_example(patient) for patient in others]
    for _ in range(4):
        outbox.deliver_due()
        outbox.clock.advance(minutes=1)
    assert {outbox.read_state(submission)[0] for submission in passing} == {"verified"}
    assert outbox.read_state(submission) == ("held", "refused")
    assert read_server(outbox).paused_since is None


def test_a_server_that_asks_for_time_gets_it_for_every_submission(outbox: Outbox) -> None:
    all_submissions = [outbox.submit_example(outbox.create_patient()) for _ in range(6)]
    outbox.proxy.planned_faults = [answer_with(429, Retry_After="600")]
    outbox.deliver_due()
    outbox.clock.advance(minutes=9)
    outbox.deliver_due()
    assert (len(outbox.proxy.requests), read_server(outbox).paused_since) == (1, None)
    outbox.clock.advance(minutes=1)
    outbox.deliver_due()
    assert {outbox.read_state(submission)[0] for submission in all_submissions} == {"verified"}


def test_a_submission_with_a_malformed_chart_is_held_and_others_go_on(outbox: Outbox) -> None:
    odd = (
        b'{"resourceType":"Patient","id":"odd","meta":{"versionId":"1"},'
        b'"communication":["Spanish"]}'
    )
    all_submissions = [outbox.submit_example(outbox.create_patient()) for _ in range(3)]
    outbox.proxy.planned_faults = [answer_with(200, odd)]
    outbox.deliver_due()
    assert [outbox.read_state(submission) for submission in all_submissions] == [
        ("held", "refused"),
        ("verified", None),
        ("verified", None),
    ]
    assert "Patient.communication" in str(outbox.read_record(all_submissions[0]).words)


def test_a_submission_that_cannot_be_decrypted_is_held_and_others_go_on(outbox: Outbox) -> None:
    all_submissions = [outbox.submit_example(outbox.create_patient()) for _ in range(2)]
    with outbox.database.write() as tx:
        own_row = table.c.id == str(all_submissions[0].id)
        tx.connection.execute(
            table.update().where(own_row).values(payload=tx.cipher.encrypt(b"{}", "another row"))
        )
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in all_submissions] == [
        "held",
        "verified",
    ]
    assert outbox.read_state(all_submissions[0])[1] == "unreadable"


def test_a_stopped_worker_releases_the_rest_of_its_batch(
    outbox: Outbox, client: FhirClient
) -> None:
    from threading import Event

    from intake.worker.batches import deliver_due

    all_submissions = [outbox.submit_example(outbox.create_patient()) for _ in range(3)]
    stop = Event()
    outbox.proxy.planned_faults = [run_first(lambda _: stop.set())]
    deliver_due(outbox.settings, outbox.server, outbox.database, outbox.clock, lambda: 0.5, stop)
    assert [outbox.read_record(submission).status for submission in all_submissions] == [
        Status.VERIFIED,
        Status.QUEUED,
        Status.QUEUED,
    ]
    assert not any(outbox.read_record(submission).sending for submission in all_submissions)


@pytest.mark.parametrize(
    "fault",
    [answer_with(503), answer_with(400), answer_with(403)],
    ids=["later", "refused", "forbidden"],
)
def test_a_failure_does_not_move_the_time_of_the_last_success(outbox: Outbox, fault: Any) -> None:
    outbox.work_until_closed(outbox.submit_example(outbox.create_patient()))
    good = read_server(outbox).last_success
    assert good is not None
    outbox.clock.advance(hours=1)
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = fault
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] != "verified"
    assert read_server(outbox).last_success == good
    outbox.proxy.default_fault = None
    later = outbox.submit_example(outbox.create_patient())
    outbox.work_until_closed(later)
    assert read_server(outbox).last_success == outbox.read_record(later).verified_at


def test_a_paused_server_that_fails_in_another_way_gives_the_newer_reason(outbox: Outbox) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.default_fault = answer_with(401)
    outbox.deliver_due()
    assert read_server(outbox).reason == "http-401"
    outbox.proxy.default_fault = answer_with(503)
    outbox.clock.advance(minutes=2)
    outbox.deliver_due()
    state = read_server(outbox)
    assert (state.reason, state.words) == (
        "http-503",
        "The server answered 503: try again later.",
    )
    assert read_contact(outbox).failures == 2
    outbox.proxy.default_fault = None
    outbox.work_until_closed(submission)
    assert read_server(outbox).paused_since is None
    assert read_contact(outbox).failures == 0


def read_contact(outbox: Outbox) -> contacts.Contact:
    with outbox.database.read() as tx:
        return contacts.read_contact(tx, contacts.server_contact("main"))
