"""A FHIR server with scripted answers, for faults that no real server offers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.stub_server import StubRequest, StubResponse, run_stub_server

ScriptedAnswer = tuple[int, Any]


@dataclass
class ScriptedServer:
    """A server whose answers are keyed by method and resource type, such as `GET Patient`.

    Any other request gets 404. A body of bytes is sent as it is, and any other body as JSON.
    """

    answers: dict[str, ScriptedAnswer]
    base_url: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def respond(self, request: StubRequest) -> StubResponse:
        """Return the scripted answer to a request."""
        path = request.path.removeprefix("/fhir").strip("/")
        resource_type = path.split("?")[0].split("/")[0]
        key = f"{request.method} {resource_type}".strip()
        status, body = self.answers.get(key, (404, {}))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return StubResponse(status, content, self.headers)


@contextmanager
def run_scripted_server() -> Iterator[ScriptedServer]:
    """Run a server without answers, which the test adds."""
    scripted = ScriptedServer({})
    with run_stub_server(scripted.respond) as server:
        scripted.base_url = f"{server.url}/fhir"
        yield scripted
