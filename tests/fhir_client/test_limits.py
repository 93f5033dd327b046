"""A server cannot take more of our memory or time than the limits allow."""

import gzip
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from time import monotonic

import pytest

from fhir_client.auth.discovery import read_smart_configuration
from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, TemporaryError
from fhir_client.transport import bodies
from fhir_client.transport.tls import DEFAULT_TLS
from tests.support.stub_server import StubResponse, run_stub_server

PATIENT = b'{"resourceType": "Patient", "id": "1"}'
GZIP = {"Content-Encoding": "gzip"}
MEBIBYTE = 2**20


def bomb(mebibytes: int) -> bytes:
    """A gzip body of spaces before a Patient."""
    space = gzip.compress(b" " * MEBIBYTE)
    return space * mebibytes + gzip.compress(PATIENT)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(bomb(2000), GZIP), (b" " * (65 * MEBIBYTE), {})],
    ids=["two gigabytes of gzip", "plain"],
)
def test_a_body_above_the_limit_is_refused_in_little_memory(
    body: bytes, headers: dict[str, str]
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        run_stub_server(lambda _: StubResponse(200, body, headers)) as server,
        FhirClient(server.url) as client,
        pytest.raises(RefusedError, match="larger than 64 MiB"),
    ):
        client.read("Patient/1")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 * 1024


@pytest.mark.parametrize("status", [200, 404, 500])
def test_reads_a_compressed_body_within_the_limit(status: int) -> None:
    response = StubResponse(status, bomb(3), GZIP)
    with run_stub_server(lambda _: response) as server, FhirClient(server.url) as client:
        answer = client._connection.request("GET", server.url)
        assert (answer.status_code, answer.content.strip()) == (status, PATIENT)


def test_a_broken_compressed_body_is_temporary() -> None:
    response = StubResponse(200, b"no gzip at all", GZIP)
    with (
        run_stub_server(lambda _: response) as server,
        FhirClient(server.url) as client,
        pytest.raises(TemporaryError),
    ):
        client.read("Patient/1")


def test_a_token_endpoint_above_the_limit_is_a_fault_of_access(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY_BYTES", MEBIBYTE)
    session_response = StubResponse(200, b" " * (2 * MEBIBYTE))
    with run_stub_server(lambda _: session_response) as server:
        with FhirClient(server.url) as client, pytest.raises(RefusedError, match="1 MiB"):
            client.read("Patient/1")
        # A server without a usable configuration counts as one without any.
        assert read_smart_configuration(server.url, 5, DEFAULT_TLS) is None


def test_a_file_of_a_bulk_export_has_no_limit_of_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY_BYTES", 1000)
    response = StubResponse(200, b"x" * 500 + b"\n" + b"y" * 2000)
    with run_stub_server(lambda _: response) as server, FhirClient(server.url) as client:
        assert [len(line) for line in client.read_lines(f"{server.url}/file")] == [500, 2000]
        with pytest.raises(RefusedError, match="larger"):
            client.read_content(f"{server.url}/file")


Piece = Callable[[int], bytes]


@contextmanager
def run_slow_server(headers: dict[str, str], piece: Piece) -> Iterator[str]:
    """Run a server that sends a piece every 0.1 seconds, for a minute at most."""
    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response_only(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for number in range(600):
                try:
                    self.wfile.write(piece(number))
                except OSError:
                    return
                if ended.wait(0.1):
                    return

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        ended.set()
        server.shutdown()


# The name field of a gzip header has no end here, so that no decompressed byte ever comes.
GZIP_NAME = b"\x1f\x8b\x08\x08" + b"\0" * 6


@pytest.mark.parametrize(
    ("headers", "piece"),
    [
        ({"Content-Length": "600"}, lambda _: b" "),
        ({"Transfer-Encoding": "chunked"}, lambda _: b"1\r\n \r\n"),
        ({"Content-Length": "600", **GZIP}, lambda number: GZIP_NAME if number == 0 else b"n"),
    ],
    ids=["plain", "chunked", "gzip"],
)
def test_a_body_that_drips_passes_no_timeout(headers: dict[str, str], piece: Piece) -> None:
    begin = monotonic()
    with run_slow_server(headers, piece) as url, FhirClient(url, timeout=0.5) as client:
        with pytest.raises(TemporaryError, match="in time"):
            client.read("Patient/1")
        with pytest.raises(TemporaryError, match="in time"):
            client.read_content(f"{url}/Binary/1")
        with pytest.raises(TemporaryError, match="in time"):
            read_smart_configuration(url, 0.5, DEFAULT_TLS)
    assert monotonic() - begin < 5


@pytest.mark.parametrize("cut", ["length", "chunks"])
def test_a_body_that_breaks_off_is_temporary(cut: str) -> None:
    headers = {"Content-Length": "900"} if cut == "length" else {"Transfer-Encoding": "chunked"}
    body = PATIENT if cut == "length" else b"26\r\n" + PATIENT
    response = StubResponse(200, body, headers)
    with (
        run_stub_server(lambda _: response) as server,
        FhirClient(server.url) as client,
        pytest.raises(TemporaryError),
    ):
        client.read("Patient/1")


@pytest.mark.parametrize("unlogged", [False, True])
def test_endless_pages_come_to_an_end(unlogged: bool) -> None:
    numbers = count()

    def respond(_: object) -> StubResponse:
        link = [{"relation": "next", "url": f"/page/{next(numbers)}"}]
        page = {"resourceType": "Bundle", "link": link, "entry": [{"resource": {"id": "1"}}]}
        return StubResponse(body=json.dumps(page).encode())

    with (
        run_stub_server(respond) as server,
        FhirClient(server.url) as client,
        pytest.raises(RefusedError, match="more than 20 pages"),
    ):
        list(client.search("Patient", {}, unlogged=unlogged, max_pages=20))
    assert next(numbers) <= 22
