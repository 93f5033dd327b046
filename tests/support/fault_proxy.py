"""Runs a proxy before a FHIR server, with faults of real proxies and networks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class ProxyRequest:
    """A request that came in; `path` begins with the base path of the real server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_transaction(self) -> bool:
        return b'"type":"transaction"' in self.body

    @property
    def is_batch(self) -> bool:
        return b'"type":"batch"' in self.body


@dataclass(frozen=True)
class ProxyResponse:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


Forward = Callable[[ProxyRequest], ProxyResponse]
Fault = Callable[[ProxyRequest, Forward], ProxyResponse | None]
"""What is done with one request.

None closes the connection: to a client that is a time-out, without the wait.
"""


@dataclass(frozen=True)
class MatchingFault:
    """A planned fault that waits for the next request of its kind; others pass."""

    matches: Callable[[ProxyRequest], bool]
    fault: Fault

    def __call__(self, request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return self.fault(request, forward)


@dataclass
class FaultProxy:
    """A proxy that applies one planned fault a request, then `default_fault`.

    `is_committed` is set after the first transaction that the server committed. `resent_count`
    counts the transactions that the client sent after that.
    """

    base_url: str
    planned_faults: list[Fault] = field(default_factory=list)
    default_fault: Fault | None = None
    requests: list[ProxyRequest] = field(default_factory=list)
    is_committed: bool = False
    resent_count: int = 0

    def answer_request(self, request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        self.requests.append(request)
        self.resent_count += request.is_transaction and self.is_committed
        fault = self._next_fault(request) if self.planned_faults else self.default_fault

        def forward_and_watch(forwarded: ProxyRequest) -> ProxyResponse:
            response = forward(forwarded)
            self.is_committed |= request.is_transaction and response.status == 200
            return response

        return forward_and_watch(request) if fault is None else fault(request, forward_and_watch)

    def _next_fault(self, request: ProxyRequest) -> Fault | None:
        fault = self.planned_faults[0]
        if isinstance(fault, MatchingFault) and not fault.matches(request):
            return None
        return self.planned_faults.pop(0)

    def count_transactions(self) -> int:
        return sum(request.is_transaction for request in self.requests)


def pass_through(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Forward the request, without a fault."""
    return forward(request)


def drop_request(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Drop the request before the server gets it."""
    return None


def lose_response(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Lose the response of a request that the server processed."""
    forward(request)
    return None


def cut_response(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Cut the response of a request that the server processed in half."""
    whole = forward(request)
    return replace(whole, body=whole.body[: len(whole.body) // 2])


def send_twice(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Send the request twice, as some proxies do; return the first response."""
    first = forward(request)
    forward(request)
    return first


def send_twice_answer_last(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Send the request twice, as some proxies do; return the second response."""
    forward(request)
    return forward(request)


def answer_with(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer in the server's place; the server does nothing."""
    named_headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda _request, _forward: ProxyResponse(status, named_headers, body)


def forward_but_answer(status: int, body: bytes = b"<html>Bad Gateway</html>") -> Fault:
    """Let the server process the request, and answer in its place."""

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse:
        forward(request)
        return ProxyResponse(status, {"Content-Type": "text/html"}, body)

    return fault


def at_next_transaction(fault: Fault) -> Fault:
    """Apply the fault to the next transaction."""
    return MatchingFault(lambda request: request.is_transaction, fault)


def at_next_batch(fault: Fault) -> Fault:
    """Apply the fault to the next batch: the read-back of a submission is one."""
    return MatchingFault(lambda request: request.is_batch, fault)


def on_transactions(fault: Fault) -> Fault:
    """Apply the fault to every transaction, and to nothing else."""

    def apply_to_transaction(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return fault(request, forward) if request.is_transaction else forward(request)

    return apply_to_transaction


def rewrite_entries(change: Callable[[dict[str, Any]], None]) -> Fault:
    """Change each entry of a transaction before the server gets it."""

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse:
        bundle = json.loads(request.body)
        for entry in bundle["entry"]:
            change(entry)
        return forward(replace(request, body=json.dumps(bundle).encode()))

    return on_transactions(fault)


def answer_entries_with(status: str, where: str) -> Fault:
    """Answer so to the entries of a batch that read `where`."""

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse:
        answer = forward(request)
        if not request.is_batch:
            return answer
        bundle = json.loads(answer.body)
        for requested, entry in zip(
            json.loads(request.body)["entry"], bundle["entry"], strict=True
        ):
            if where in requested["request"]["url"]:
                entry.clear()
                entry["response"] = {"status": status}
        return replace(answer, body=json.dumps(bundle).encode())

    return fault


def find_nothing(request: ProxyRequest, forward: Forward) -> ProxyResponse:
    """Return no match of a search, as a server does whose index is behind."""
    answer = forward(request)
    page = {key: value for key, value in json.loads(answer.body).items() if key != "entry"}
    return replace(answer, body=json.dumps({**page, "total": 0}).encode())


def run_first(act: Callable[[ProxyRequest], None], then: Fault = pass_through) -> Fault:
    """Act before the request is processed."""

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        act(request)
        return then(request, forward)

    return fault


PASSED_ON = ("Content-Location", "Retry-After")
"""The server's headers that an export needs.

Location is left out, because some servers do not send it.
"""


@contextmanager
def run_proxy(real: str) -> Iterator[FaultProxy]:
    """Run a proxy on a free port before the server whose base URL is `real`."""
    parts = urlsplit(real)

    def forward(request: ProxyRequest) -> ProxyResponse:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        headers = {
            key: value
            for key, value in request.headers.items()
            if key.lower() not in ("host", "accept-encoding")
        }
        headers["Content-Length"] = str(len(request.body))
        connection.request(request.method, request.path, request.body or None, headers)
        response = connection.getresponse()
        forwarded = {name: value for name in PASSED_ON if (value := response.headers.get(name))}
        answer = ProxyResponse(
            response.status, {"Content-Type": "application/fhir+json", **forwarded}, response.read()
        )
        connection.close()
        return answer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = proxy.answer_request(
                ProxyRequest(self.command, self.path, dict(self.headers.items()), body), forward
            )
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Ignore a client that was killed and reads no answer."""

    server = Server(("127.0.0.1", 0), Handler)
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}{parts.path}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
