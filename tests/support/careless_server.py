"""A FHIR server that ignores If-Match, and stamps and names its versions as a test says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tests.support.stub_server import StubRequest, StubResponse, run_stub_server

Resource = dict[str, Any]
START = datetime(2026, 11, 25, 9, 0, 0, 400_000, tzinfo=UTC)


def newest_first(versions: list[Resource]) -> list[Resource]:
    """Return the versions in the order of R4."""
    return versions[::-1]


def oldest_first(versions: list[Resource]) -> list[Resource]:
    """Return the versions in the opposite order."""
    return versions


def in_no_order(versions: list[Resource]) -> list[Resource]:
    """Return the newest version first and the others in the opposite order."""
    return [versions[-1], *versions[:-1]]


@dataclass
class CarelessServer:
    """One Patient and what is created about it; `before_put` runs before the chart is replaced.

    `tick` is the time between two versions, and `timespec` what the server keeps of it.
    """

    numeric: bool = True
    has_history: bool = True
    order: Callable[[list[Resource]], list[Resource]] = newest_first
    names_version: bool = True
    heeds_if_match: bool = False
    timespec: str = "seconds"
    tick: timedelta = timedelta(milliseconds=50)
    before_put: Callable[[], None] | None = None
    base_url: str = ""
    versions: list[Resource] = field(default_factory=list)
    created: list[Resource] = field(default_factory=list)

    @property
    def patient(self) -> Resource:
        """The current chart."""
        return deepcopy(self.versions[-1])

    def replace_patient(self, patient: Resource) -> None:
        """Keep another version of the chart."""
        number = len(self.versions) + 1
        stamp = (START + number * self.tick).isoformat(timespec=self.timespec)
        version_id = str(number) if self.numeric else uuid4().hex
        meta = {"versionId": version_id, "lastUpdated": stamp}
        self.versions.append({**patient, "id": "1", "meta": meta})

    def respond(self, request: StubRequest) -> StubResponse:
        """Answer reads, searches, creates and updates."""
        url = urlsplit(request.path)
        path = url.path.removeprefix("/fhir").strip("/")
        if request.method == "PUT":
            return self._put(request)
        if request.method == "POST":
            return self._create(path, json.loads(request.body))
        if path == "Patient/1":
            return _answer(200, self.versions[-1])
        if path == "Patient/1/_history":
            return self._history()
        return self._read_created(path, parse_qs(url.query))

    def _put(self, request: StubRequest) -> StubResponse:
        if change := self.before_put:
            self.before_put = None
            change()
        current = self.versions[-1]["meta"]["versionId"]
        if self.heeds_if_match and request.headers.get("If-Match") != f'W/"{current}"':
            return _answer(412, {})
        self.replace_patient(json.loads(request.body))
        if not self.names_version:
            return StubResponse(200, b"")
        etag = f'W/"{self.versions[-1]["meta"]["versionId"]}"'
        return StubResponse(200, json.dumps(self.versions[-1]).encode(), {"ETag": etag})

    def _create(self, path: str, resource: Resource) -> StubResponse:
        if not path:
            return _answer(404, {})
        self.created.append({**resource, "id": str(len(self.created) + 1)})
        return _answer(201, self.created[-1])

    def _history(self) -> StubResponse:
        if not self.has_history:
            return _answer(404, {})
        return _answer(200, _bundle(self.order(self.versions), "history"))

    def _read_created(self, path: str, query: dict[str, list[str]]) -> StubResponse:
        resource_type, _, identity = path.partition("/")
        same_type = [item for item in self.created if item["resourceType"] == resource_type]
        if identity:
            matching = [item for item in same_type if item["id"] == identity]
            return _answer(200, matching[0]) if matching else _answer(404, {})
        wanted = query.get("identifier", [""])[0].partition("|")[2]
        matches = [item for item in same_type if wanted in json.dumps(item)]
        return _answer(200, _bundle(matches, "searchset"))


def _bundle(resources: list[Resource], kind: str) -> Resource:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def _answer(status: int, resource: Resource) -> StubResponse:
    return StubResponse(status, json.dumps(resource).encode())


@contextmanager
def run_careless_server(server: CarelessServer, patient: Resource) -> Iterator[CarelessServer]:
    """Run the server with the Patient `Patient/1`."""
    server.replace_patient(patient)
    with run_stub_server(server.respond) as stub:
        server.base_url = f"{stub.url}/fhir"
        yield server
