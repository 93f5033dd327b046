"""Bulk export against a server that keeps us waiting, breaks off, keeps its files elsewhere, or exports nothing."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from fhir_client import bulk
from fhir_client.auth import Bearer
from fhir_client.bulk import File, Manifest, Wanted
from fhir_client.client import Client
from fhir_client.errors import AccessFault, Refused, ServerFault, Temporary
from fhir_client.tls import Tls
from tests.certificates import Authority
from tests.listening import Heard, Listening, Said, listening

from .conftest import Secure

TOKEN = "a-secret-token"
WANTED = Wanted(("Patient", "Encounter"), filters=("Encounter?date=ge2026-01-01",))
PATIENTS = b'{"resourceType":"Patient","id":"1"}\n\n{"resourceType":"Patient","id":"2"}\n'
LINES = PATIENTS.split()


@dataclass
class Script:
    """The answers to each path in turn, the last one for ever."""

    server: Listening
    answers: dict[str, list[Said]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"{self.server.url}/fhir"

    def answer(self, heard: Heard) -> Said:
        turns = self.answers.get(heard.path.partition("?")[0], [Said(404)])
        return turns.pop(0) if len(turns) > 1 else turns[0]

    def exports(self, *looks: Said, **files: Said) -> None:
        """Export: the looks one after the other, then the manifest of the files by kind."""
        listed = [{"type": kind, "url": f"{self.base}/files/{kind}"} for kind in files]
        manifest = {
            "transactionTime": "2026-11-28T00:00:00Z",
            "requiresAccessToken": True,
            "output": listed,
            "error": [],
        }
        self.answers["/fhir/$export"] = [
            Said(202, headers={"Content-Location": f"{self.base}/jobs/7"})
        ]
        self.answers["/fhir/jobs/7"] = [*looks, Said(body=json.dumps(manifest).encode())]
        self.answers |= {f"/fhir/files/{kind}": [answer] for kind, answer in files.items()}


@pytest.fixture
def script() -> Iterator[Script]:
    with listening(lambda _: Said(404)) as server:
        found = Script(server)
        server.answer = found.answer
        yield found


@pytest.fixture
def client(script: Script) -> Iterator[Client]:
    with Client(script.base, Bearer(TOKEN), timeout=5) as found:
        yield found


def never(length: timedelta) -> None:
    raise AssertionError(f"There is no reason to wait for {length}.")


def test_asked_for_waited_for_fetched_and_ended(script: Script, client: Client) -> None:
    script.exports(Said(202, headers={"Retry-After": "7"}), Said(202), Patient=Said(body=PATIENTS))
    waited: list[timedelta] = []
    where = bulk.start(client, WANTED)
    manifest = bulk.finished(client, where, waited.append)
    assert [list(bulk.lines(client, each)) for each in manifest.files] == [LINES]
    bulk.end(client, where)
    assert waited == [timedelta(seconds=7), bulk.NOT_YET]
    heard = script.server.heard
    assert [each.path for each in heard if each.method == "DELETE"] == ["/fhir/jobs/7"]
    assert (
        heard[0].path
        == "/fhir/$export?_type=Patient%2CEncounter&_typeFilter=Encounter%3Fdate%3Dge2026-01-01"
    )
    assert heard[0].headers["Prefer"].startswith("respond-async")
    assert {each.headers["Authorization"] for each in heard} == {f"Bearer {TOKEN}"}


def test_of_a_group(script: Script, client: Client) -> None:
    script.answers["/fhir/Group/9/$export"] = [
        Said(202, headers={"Content-Location": f"{script.base}/jobs/7"})
    ]
    assert bulk.start(client, Wanted(("Patient",), "Group/9")) == f"{script.base}/jobs/7"
    assert [each.path for each in script.server.heard] == ["/fhir/Group/9/$export?_type=Patient"]


@pytest.mark.parametrize("status", [404, 501, 405, 400, 422, 200, 202])
def test_a_server_that_exports_nothing_is_said_so(
    script: Script, client: Client, status: int
) -> None:
    script.answers["/fhir/$export"] = [Said(status)]
    with pytest.raises(Refused, match="does not export in bulk") as raised:
        bulk.start(client, WANTED)
    assert raised.value.status == status


@pytest.mark.parametrize("status", [302, 401, 403])
def test_what_keeps_us_from_the_server_is_no_word_about_exports(
    script: Script, client: Client, status: int
) -> None:
    script.answers["/fhir/$export"] = [Said(status)]
    with pytest.raises(ServerFault, match=f"answered {status}"):
        bulk.start(client, WANTED)


class Locked:
    """Credentials for which there is no token, by an answer that would mean something else of the FHIR server."""

    def headers(self) -> dict[str, str]:
        raise AccessFault("The token endpoint answered 405.", 405)

    def renew(self) -> bool:
        return False


def test_a_fault_of_our_own_access_or_of_certificates_is_told_as_such(
    script: Script, secure: Secure
) -> None:
    with (
        Client(script.base, Locked()) as client,
        pytest.raises(AccessFault, match="token endpoint"),
    ):
        bulk.start(client, WANTED)
    with (
        Client(secure().url) as client,
        pytest.raises(ServerFault, match="certificate is not trusted"),
    ):
        bulk.start(client, WANTED)


def test_what_fails_for_a_moment_is_asked_again(script: Script, client: Client) -> None:
    script.exports(
        Said(503), Said(503, headers={"Retry-After": "7200"}), Said(200, b"<html>"), Patient=Said()
    )
    waited: list[timedelta] = []
    assert bulk.finished(client, bulk.start(client, WANTED), waited.append).files
    assert waited == [bulk.NOT_YET, bulk.LONGEST_PAUSE, bulk.NOT_YET]


def test_a_server_that_is_looked_at_too_often_is_waited_for_as_it_says(
    script: Script, client: Client
) -> None:
    minutes = {"Retry-After": "600"}
    often = [Said(429, headers=minutes)] * (bulk.FAILURES + 1)
    script.exports(Said(202, headers=minutes), *often, Said(429), Patient=Said())
    waited: list[timedelta] = []
    assert bulk.finished(client, bulk.start(client, WANTED), waited.append).files
    assert waited == [timedelta(minutes=10)] * (bulk.FAILURES + 2) + [bulk.LESS_OFTEN]


def test_what_fails_for_ever_is_given_up(script: Script, client: Client) -> None:
    script.exports(Patient=Said())
    script.answers["/fhir/jobs/7"] = [Said(503)]
    waited: list[timedelta] = []
    with pytest.raises(Temporary):
        bulk.finished(client, bulk.start(client, WANTED), waited.append)
    assert len(waited) == bulk.FAILURES


def test_an_export_that_failed_there_is_a_fault(script: Script, client: Client) -> None:
    script.exports(Patient=Said())
    script.answers["/fhir/jobs/7"] = [Said(422)]
    with pytest.raises(Refused):
        bulk.finished(client, bulk.start(client, WANTED), never)


def test_what_could_not_be_exported_is_counted(script: Script, client: Client) -> None:
    script.exports(Patient=Said())
    said = {"output": [], "error": [{"type": "OperationOutcome", "url": f"{script.base}/files/e"}]}
    script.answers["/fhir/jobs/7"] = [Said(body=json.dumps(said).encode())]
    assert bulk.finished(client, bulk.start(client, WANTED), never) == Manifest((), 1)


@pytest.mark.parametrize(
    ("longer", "count"), [(100, None), (0, 3)], ids=["connection lost", "fewer than said"]
)
def test_a_file_that_is_broken_off_is_no_whole_file(
    script: Script, client: Client, longer: int, count: int | None
) -> None:
    promised = {"Content-Length": str(len(PATIENTS) + longer)}
    script.answers["/fhir/files/Patient"] = [Said(body=PATIENTS, headers=promised)]
    with pytest.raises(Temporary):
        list(bulk.lines(client, File("Patient", f"{script.base}/files/Patient", count)))


def test_behind_a_proxy_the_servers_own_host_is_never_asked(script: Script, client: Client) -> None:
    script.answers["/fhir/files/Patient"] = [Said(body=PATIENTS)]
    assert (
        list(bulk.lines(client, File("Patient", "http://ehr.internal:8080/fhir/files/Patient", 2)))
        == LINES
    )
    script.answers["/fhir/jobs/7"] = [Said(202)]
    assert bulk.look(client, "http://ehr.internal:8080/fhir/jobs/7") == bulk.NOT_YET


@pytest.mark.parametrize("path", ["/data/42/a.ndjson", "/fhirfiles/1"])
@pytest.mark.parametrize("absolute", [True, False])
def test_outside_its_base_our_server_knows_us(
    script: Script, client: Client, path: str, absolute: bool
) -> None:
    script.answers[path] = [Said(body=PATIENTS)]
    assert (
        list(
            bulk.lines(client, File("Patient", f"{script.server.url}{path}" if absolute else path))
        )
        == LINES
    )
    assert [each.headers["Authorization"] for each in script.server.heard] == [f"Bearer {TOKEN}"]


def test_an_export_is_looked_at_and_ended_where_the_server_says(
    script: Script, client: Client
) -> None:
    script.answers["/BulkRequest/1"] = [Said(202)]
    assert bulk.look(client, f"{script.server.url}/BulkRequest/1") == bulk.NOT_YET
    bulk.end(client, f"{script.server.url}/BulkRequest/1")
    heard = [
        (each.method, each.path, each.headers["Authorization"]) for each in script.server.heard
    ]
    assert heard == [(method, "/BulkRequest/1", f"Bearer {TOKEN}") for method in ("GET", "DELETE")]


def test_a_file_elsewhere_is_fetched_without_our_credentials(
    script: Script, secure: Secure, ours: Authority
) -> None:
    elsewhere = secure()
    elsewhere.answer = lambda _: Said(body=PATIENTS)
    with Client(script.base, Bearer(TOKEN), timeout=5, tls=Tls(str(ours.file))) as client:
        assert list(bulk.lines(client, File("Patient", f"{elsewhere.url}/bucket/1"))) == LINES
    [heard] = elsewhere.heard
    assert "Authorization" not in heard.headers
    assert TOKEN not in repr(heard)


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_a_file_that_the_server_sends_us_elsewhere_for(
    script: Script, secure: Secure, ours: Authority, status: int
) -> None:
    elsewhere = secure()
    elsewhere.answer = lambda _: Said(body=PATIENTS)
    sent_on = Said(status, headers={"Location": f"{elsewhere.url}/fhir/1.ndjson?signature=abc"})
    script.answers["/fhir/files/Patient"] = [sent_on]
    with Client(script.base, Bearer(TOKEN), timeout=5, tls=Tls(str(ours.file))) as client:
        assert list(bulk.lines(client, File("Patient", f"{script.base}/files/Patient"))) == LINES
    [heard] = elsewhere.heard
    assert (heard.path, TOKEN in repr(heard)) == ("/fhir/1.ndjson?signature=abc", False)
    assert [each.headers["Authorization"] for each in script.server.heard] == [f"Bearer {TOKEN}"]


def test_a_file_is_looked_for_at_two_places_and_no_third(
    script: Script, secure: Secure, ours: Authority
) -> None:
    elsewhere = secure()
    elsewhere.answer = lambda _: Said(302, headers={"Location": f"{elsewhere.url}/further"})
    script.answers["/fhir/files/Patient"] = [Said(302, headers={"Location": f"{elsewhere.url}/1"})]
    with (
        Client(script.base, timeout=5, tls=Tls(str(ours.file))) as client,
        pytest.raises(ServerFault, match="302"),
    ):
        list(bulk.lines(client, File("Patient", f"{script.base}/files/Patient")))
    assert [each.path for each in elsewhere.heard] == ["/1"]


@pytest.mark.parametrize("sent_on", [True, False], ids=["redirected", "named"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_our_certificate_is_shown_at_our_server_alone(
    script: Script, secure: Secure, ours: Authority, version: ssl.TLSVersion, sent_on: bool
) -> None:
    curious = secure(version=version)
    script.answers["/fhir/files/Patient"] = [Said(302, headers={"Location": f"{curious.url}/1"})]
    tls = Tls(str(ours.file), str(ours.issue("client")))
    url = f"{script.base}/files/Patient" if sent_on else f"{curious.url}/1"
    with Client(script.base, timeout=5, tls=tls) as client, pytest.raises(AccessFault):
        list(bulk.lines(client, File("Patient", url)))
    assert curious.heard == []


def test_our_server_may_send_us_to_another_place_of_its_own(script: Script, client: Client) -> None:
    script.answers |= {
        "/fhir/files/Patient": [Said(307, headers={"Location": "/store/1"})],
        "/store/1": [Said(body=PATIENTS)],
    }
    assert list(bulk.lines(client, File("Patient", f"{script.base}/files/Patient"))) == LINES


@pytest.mark.parametrize("sent_on", [True, False], ids=["redirected", "named"])
def test_a_file_elsewhere_is_never_fetched_insecurely(
    script: Script, client: Client, sent_on: bool
) -> None:
    with listening(lambda _: Said(body=PATIENTS)) as elsewhere:
        there = f"{elsewhere.url}/bucket/1"
        script.answers["/fhir/files/Patient"] = [Said(302, headers={"Location": there})]
        with pytest.raises(ServerFault, match="another place"):
            list(
                bulk.lines(
                    client, File("Patient", f"{script.base}/files/Patient" if sent_on else there)
                )
            )
    assert elsewhere.heard == []
