"""A server that answers by path as it is told: for the faults that no real server has at hand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

Answer = tuple[int, Any]


@dataclass
class Scripted:
    """What is answered to `METHOD kind`, such as `GET Patient`; anything else is 404. A body that is bytes goes as it is."""

    answers: dict[str, Answer]
    base_url: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        kind = path.removeprefix("/fhir").strip("/").split("?")[0].split("/")[0]
        status, body = self.answers.get(f"{method} {kind}".strip(), (404, {}))
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted({})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = script.answer(self.command, self.path)
            self.send_response_only(status)
            for name, value in {"Date": self.date_time_string(), **script.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        script.base_url = f"http://127.0.0.1:{server.server_port}/fhir"
        yield script
        server.shutdown()
