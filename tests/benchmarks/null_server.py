"""A FHIR server that holds a submission until it was read back, and nothing else: before it the client's own cost shows."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fhir_client.uscore.chart import chart_elements
from intake.store.outbox.merge_base import MergeBase
from tests.support.outbox import EXAMPLE_PATIENT

Json = dict[str, Any]
BASE = "/fhir"
FIRST, SECOND = (
    {"versionId": "1", "lastUpdated": "2026-11-01T09:00:00Z"},
    {"versionId": "2", "lastUpdated": "2026-11-02T09:00:00Z"},
)
CHART_ELEMENTS = chart_elements(EXAMPLE_PATIENT)
MERGE_BASE = MergeBase(date.fromisoformat(EXAMPLE_PATIENT["birthDate"]), CHART_ELEMENTS)
"""What a visit knows of such a chart from the schedule."""


class NullServer:
    """Takes every transaction; every patient that nobody wrote to yet has the same chart."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: dict[str, list[Json]] = {}

    def answer_request(self, path: str, body: bytes) -> Json:
        """Return the answer to a read, a transaction or a batch of reads; `path` begins with the base path."""
        if not body:
            return self._chart(path.removeprefix(f"{BASE}/"))
        bundle = json.loads(body)
        if bundle["type"] == "transaction":
            return {
                "resourceType": "Bundle",
                "type": "transaction-response",
                "entry": self._take(bundle["entry"]),
            }
        entries = [
            {"response": {"status": "200"}, "resource": self._find(each["request"]["url"])}
            for each in bundle["entry"]
        ]
        self._forget(bundle["entry"])
        return {"resourceType": "Bundle", "type": "batch-response", "entry": entries}

    def _chart(self, reference: str) -> Json:
        return self._held.get(
            reference,
            [{**EXAMPLE_PATIENT, "id": reference.removeprefix("Patient/"), "meta": FIRST}],
        )[0]

    def _take(self, entries: list[Json]) -> list[Json]:
        places = {each["fullUrl"]: _reference(each) for each in entries if "fullUrl" in each}
        return [self._keep(_placed(each["resource"], places), _reference(each)) for each in entries]

    def _keep(self, resource: Json, reference: str) -> Json:
        kept = {**resource, "id": reference.partition("/")[2], "meta": SECOND}
        for url in (reference, *_searches(resource)):
            self._held.setdefault(url, []).append(kept)
        return {
            "response": {"status": "201", "location": f"{reference}/_history/2", "etag": 'W/"2"'}
        }

    def _find(self, url: str) -> Json:
        parts = urlsplit(url)
        if parts.path.endswith("/_history"):
            first = {**EXAMPLE_PATIENT, "id": parts.path.split("/")[1], "meta": FIRST}
            return _page([*self._held[parts.path.removesuffix("/_history")], first])
        return _page(self._held[_key(url)]) if parts.query else self._held[url][0]

    def _forget(self, entries: list[Json]) -> None:
        for each in entries:
            for resource in self._held.pop(_key(each["request"]["url"]), []):
                for url in (f"{resource['resourceType']}/{resource['id']}", *_searches(resource)):
                    self._held.pop(url, None)


def _reference(entry: Json) -> str:
    """Return where the entry's resource is, a new one under the id that its `fullUrl` gives it for the transaction."""
    url: str = entry["request"]["url"]
    return url if "/" in url else f"{url}/{entry['fullUrl'].removeprefix('urn:uuid:')}"


def _placed(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_placed(each, places) for each in value]
    if not isinstance(value, dict):
        return value
    named = (
        {"reference": places.get(value["reference"], value["reference"])}
        if "reference" in value
        else {}
    )
    return {key: _placed(each, places) for key, each in value.items()} | named


def _searches(resource: Json) -> Iterator[str]:
    """Yield what the resource is found by."""
    held = resource.get("identifier", [])
    for each in held if isinstance(held, list) else [held]:
        yield f"{resource['resourceType']}?{each['value']}"
    for each in resource.get("target", []):
        yield f"{resource['resourceType']}?{each['reference']}"


def _key(url: str) -> str:
    parts = urlsplit(url)
    wanted = [value for values in parse_qs(parts.query).values() for value in values]
    return f"{parts.path}?{wanted[0].rpartition('|')[2]}" if wanted else url


def _page(resources: list[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": each} for each in resources],
    }


def serve(answer: Callable[[str, bytes], Json]) -> None:
    """Serve on a free port until stopped; first say which."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = json.dumps(answer(self.path, body)).encode()
            self.send_response_only(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


@contextmanager
def run_null_server() -> Iterator[str]:
    """Run one in a process of its own, and yield its base URL."""
    command = (sys.executable, "-W", "error", "-m", "tests.benchmarks.null_server")
    with Popen(command, stdout=PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}{BASE}"
        finally:
            process.terminate()


if __name__ == "__main__":
    serve(NullServer().answer_request)
