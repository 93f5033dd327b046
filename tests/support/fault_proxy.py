"""A proxy before a real FHIR server that does what proxies, networks and servers have been seen to do, as a plan tells it."""

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
    """A request as it came in; `path` begins with the base path of the real server."""

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
"""What is done with one request; None closes the connection, which to a client is a time-out that nobody has to wait for."""


@dataclass(frozen=True)
class MatchingFault:
    """A fault that waits in the plan for the next request of its kind; others pass meanwhile."""

    matches: Callable[[ProxyRequest], bool]
    fault: Fault

    def __call__(self, asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return self.fault(asked, forward)


@dataclass
class FaultProxy:
    """The plan: one fault a request, then `always`; and what was asked.

    `done` is set once a transaction was done; `resent` counts the transactions that the client sent after that.
    """

    base_url: str
    planned_faults: list[Fault] = field(default_factory=list)
    default_fault: Fault | None = None
    requests: list[ProxyRequest] = field(default_factory=list)
    is_committed: bool = False
    resent_count: int = 0

    def answer_request(self, asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        self.requests.append(asked)
        self.resent_count += asked.is_transaction and self.is_committed
        fault = self._next(asked) if self.planned_faults else self.default_fault

        def watched(passed_on: ProxyRequest) -> ProxyResponse:
            found = forward(passed_on)
            self.is_committed |= asked.is_transaction and found.status == 200
            return found

        return watched(asked) if fault is None else fault(asked, watched)

    def _next(self, asked: ProxyRequest) -> Fault | None:
        waits = isinstance(self.planned_faults[0], MatchingFault) and not self.planned_faults[
            0
        ].matches(asked)
        return None if waits else self.planned_faults.pop(0)

    def count_transactions(self) -> int:
        return sum(each.is_transaction for each in self.requests)


def pass_through(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Nothing happens."""
    return forward(asked)


def drop_request(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """The server never hears of it."""
    return None


def lose_response(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """The server does it, and its answer never comes."""
    forward(asked)
    return None


def cut_response(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """The server does it, and half of its answer comes."""
    whole = forward(asked)
    return replace(whole, body=whole.body[: len(whole.body) // 2])


def send_twice(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Somebody on the way sends it twice, and passes on the first answer."""
    first = forward(asked)
    forward(asked)
    return first


def send_twice_answer_last(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
    """Somebody on the way sends it twice, and passes on the second answer."""
    forward(asked)
    return forward(asked)


def answer_with(status: int, body: bytes = b"", **headers: str) -> Fault:
    """The server answers so and does nothing."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda _asked, _forward: ProxyResponse(status, named, body)


def forward_but_answer(status: int, body: bytes = b"<html>Bad Gateway</html>") -> Fault:
    """The server does it, and somebody on the way answers so."""

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse:
        forward(asked)
        return ProxyResponse(status, {"Content-Type": "text/html"}, body)

    return fault


def at_next_transaction(fault: Fault) -> Fault:
    """The fault, for the next transaction."""
    return MatchingFault(lambda asked: asked.is_transaction, fault)


def at_next_batch(fault: Fault) -> Fault:
    """The fault, for the next batch, with which everything is read back."""
    return MatchingFault(lambda asked: asked.is_batch, fault)


def on_transactions(fault: Fault) -> Fault:
    """The fault, for transactions alone."""
    return lambda asked, forward: fault(asked, forward) if asked.is_transaction else forward(asked)


def rewrite_entries(change: Callable[[dict[str, Any]], None]) -> Fault:
    """The server takes something else than what was sent: `change` gets each entry of a transaction."""

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse:
        bundle = json.loads(asked.body)
        for entry in bundle["entry"]:
            change(entry)
        return forward(replace(asked, body=json.dumps(bundle).encode()))

    return on_transactions(fault)


def answer_entries_with(status: str, where: str) -> Fault:
    """The entries of a batch that ask for `where` are answered so."""

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse:
        answer = forward(asked)
        if not asked.is_batch:
            return answer
        bundle = json.loads(answer.body)
        for wanted, entry in zip(json.loads(asked.body)["entry"], bundle["entry"], strict=True):
            if where in wanted["request"]["url"]:
                entry.clear()
                entry["response"] = {"status": status}
        return replace(answer, body=json.dumps(bundle).encode())

    return fault


def find_nothing(asked: ProxyRequest, forward: Forward) -> ProxyResponse:
    """The server finds nothing by a search, as one whose index is behind."""
    answer = forward(asked)
    page = {key: each for key, each in json.loads(answer.body).items() if key != "entry"}
    return replace(answer, body=json.dumps({**page, "total": 0}).encode())


def run_first(act: Callable[[ProxyRequest], None], then: Fault = pass_through) -> Fault:
    """Something else happens first."""

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        act(asked)
        return then(asked, forward)

    return fault


STALE_OUTCOME = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict","details":{"text":"HTTP 412"}}]}'
TOO_LATE = "Sat, 01 Jan 2000 00:00:00 GMT"
TRANSIENT_FAULTS: dict[str, Fault] = {
    "passed": pass_through,
    "dropped": drop_request,
    "lost": lose_response,
    "cut short": cut_response,
    "sent twice": send_twice,
    "sent twice, second answer": send_twice_answer_last,
    "408": answer_with(408),
    "429 for seconds": answer_with(429, Retry_After="7"),
    "429 until a date": answer_with(429, Retry_After=TOO_LATE),
    "500": answer_with(500, b"<html>oops</html>"),
    "503": answer_with(503, Retry_After="60"),
    "504": answer_with(504),
    "done but 500": forward_but_answer(500),
    "done but 502": forward_but_answer(502),
    "409": answer_with(409),
    "412": answer_with(412),
    "412 as 400": answer_with(400, STALE_OUTCOME),
    "not FHIR": answer_with(200, b"<html>Please sign in to the guest network</html>"),
    "401": answer_with(401),
}
"""Every fault that passes: whatever their order, a submission arrives once."""


PASSED_ON = ("Content-Location", "Retry-After")
"""Of a server's headers what an export needs; where a write went is left out, as by servers that do not tell it."""


@contextmanager
def run_proxy(real: str) -> Iterator[FaultProxy]:
    """Run a proxy before the server whose base URL is `real`, on a free port of this machine."""
    parts = urlsplit(real)

    def forward(asked: ProxyRequest) -> ProxyResponse:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        kept = {
            key: value
            for key, value in asked.headers.items()
            if key.lower() not in ("host", "accept-encoding")
        }
        kept["Content-Length"] = str(len(asked.body))
        connection.request(asked.method, asked.path, asked.body or None, kept)
        response = connection.getresponse()
        passed_on = {name: value for name in PASSED_ON if (value := response.headers.get(name))}
        found = ProxyResponse(
            response.status, {"Content-Type": "application/fhir+json", **passed_on}, response.read()
        )
        connection.close()
        return found

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
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that was killed reads no answer; that is no news."""

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
