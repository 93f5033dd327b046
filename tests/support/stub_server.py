"""Runs a server that answers as a test says and keeps its requests."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class StubRequest:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class StubResponse:
    """A response."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class StubServer:
    """A server at `url`; a test may change `respond` while it runs."""

    respond: Callable[[StubRequest], StubResponse]
    url: str = ""
    requests: list[StubRequest] = field(default_factory=list)

    def requests_to(self, path: str) -> list[StubRequest]:
        return [request for request in self.requests if request.path == path]


@contextmanager
def run_stub_server(
    answer: Callable[[StubRequest], StubResponse], context: ssl.SSLContext | None = None
) -> Iterator[StubServer]:
    """Run a server on a free port, with TLS if there is a `context`."""
    stub = StubServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = StubRequest(self.command, self.path, dict(self.headers.items()), body)
            stub.requests.append(request)
            response = stub.respond(request)
            self.send_response_only(response.status)
            for name, value in {
                "Content-Length": str(len(response.body)),
                "Date": self.date_time_string(),
                **response.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[ssl.SSLSocket | object, object]:  # type: ignore[override]
            plain, address = super().get_request()
            # The request's own thread does the handshake: a client that breaks it off must not end
            # the server.
            secure = context and context.wrap_socket(
                plain, server_side=True, do_handshake_on_connect=False
            )
            return secure or plain, address

        def handle_error(self, *_: object) -> None:
            """Ignore a client that hangs up because of a certificate: the test wants that."""

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        stub.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        yield stub
        server.shutdown()
