"""A trivial FHIR server that keeps a submission until its read-back: it shows the client's cost."""

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
"""The merge base of such a chart, as the schedule gives it."""


class NullServer:
    """Accepts every transaction; all patients begin with the same chart."""

    def __init__(self) -> None:
        """Start empty."""
        self._stored: dict[str, list[Json]] = {}
        self._base_versions: dict[str, str] = {}

    def answer_request(self, path: str, body: bytes) -> Json:
        """Answer a read, a transaction or a batch of reads; `path` begins with the base path."""
        if not body:
            return self._read_chart(path.removeprefix(f"{BASE}/"))
        bundle = json.loads(body)
        if bundle["type"] == "transaction":
            return {
                "resourceType": "Bundle",
                "type": "transaction-response",
                "entry": self._store_entries(bundle["entry"]),
            }
        entries = [
            {"response": {"status": "200"}, "resource": self._search(entry["request"]["url"])}
            for entry in bundle["entry"]
        ]
        self._forget_entries(bundle["entry"])
        return {"resourceType": "Bundle", "type": "batch-response", "entry": entries}

    def _read_chart(self, reference: str) -> Json:
        return self._stored.get(
            reference,
            [{**EXAMPLE_PATIENT, "id": reference.removeprefix("Patient/"), "meta": FIRST}],
        )[0]

    def _store_entries(self, entries: list[Json]) -> list[Json]:
        places = {
            entry["fullUrl"]: _entry_reference(entry) for entry in entries if "fullUrl" in entry
        }
        for entry in entries:
            # A replay reads the charts of a real server, whose version the history has to show.
            if "ifMatch" in entry["request"]:
                version = entry["request"]["ifMatch"].removeprefix("W/").strip('"')
                self._base_versions[_entry_reference(entry)] = version
        return [
            self._store_resource(
                _resolve_references(entry["resource"], places), _entry_reference(entry)
            )
            for entry in entries
        ]

    def _store_resource(self, resource: Json, reference: str) -> Json:
        stored = {**resource, "id": reference.partition("/")[2], "meta": SECOND}
        for url in (reference, *_searches(resource)):
            self._stored.setdefault(url, []).append(stored)
        return {
            "response": {"status": "201", "location": f"{reference}/_history/2", "etag": 'W/"2"'}
        }

    def _search(self, url: str) -> Json:
        parts = urlsplit(url)
        if parts.path.endswith("/_history"):
            reference = parts.path.removesuffix("/_history")
            base = {**FIRST, "versionId": self._base_versions[reference]}
            first = {**EXAMPLE_PATIENT, "id": reference.partition("/")[2], "meta": base}
            return _searchset([*self._stored[reference], first])
        return _searchset(self._stored[_search_key(url)]) if parts.query else self._stored[url][0]

    def _forget_entries(self, entries: list[Json]) -> None:
        for entry in entries:
            for resource in self._stored.pop(_search_key(entry["request"]["url"]), []):
                for url in (f"{resource['resourceType']}/{resource['id']}", *_searches(resource)):
                    self._stored.pop(url, None)


def _entry_reference(entry: Json) -> str:
    """Return the reference of an entry's resource; a new one takes its id from `fullUrl`."""
    url: str = entry["request"]["url"]
    return url if "/" in url else f"{url}/{entry['fullUrl'].removeprefix('urn:uuid:')}"


def _resolve_references(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_resolve_references(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    reference = (
        {"reference": places.get(value["reference"], value["reference"])}
        if "reference" in value
        else {}
    )
    return {key: _resolve_references(item, places) for key, item in value.items()} | reference


def _searches(resource: Json) -> Iterator[str]:
    """Yield the searches that find the resource."""
    identifiers = resource.get("identifier", [])
    # A QuestionnaireResponse has one identifier, the other resources have a list of them.
    for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
        yield f"{resource['resourceType']}?{identifier['value']}"
    for target in resource.get("target", []):
        yield f"{resource['resourceType']}?{target['reference']}"


def _search_key(url: str) -> str:
    parts = urlsplit(url)
    criteria = [value for values in parse_qs(parts.query).values() for value in values]
    return f"{parts.path}?{criteria[0].rpartition('|')[2]}" if criteria else url


def _searchset(resources: list[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": resource} for resource in resources],
    }


def run_http_server(answer: Callable[[str, bytes], Json]) -> None:
    """Serve on a free port until stopped, after printing the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = json.dumps(answer(self.path, body)).encode()
            self.send_response_only(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


@contextmanager
def run_null_server() -> Iterator[str]:
    """Run the server in a process of its own and yield its base URL."""
    command = (sys.executable, "-W", "error", "-m", "tests.benchmarks.null_server")
    with Popen(command, stdout=PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}{BASE}"
        finally:
            process.terminate()


if __name__ == "__main__":
    run_http_server(NullServer().answer_request)
