"""GET and POST of a question in CPU time, against a bare Flask view.

Each application runs behind waitress in a process of its own, as in production. The bare view has
no session, draft, template or form: it returns "hello", and stores a POST in one raw commit.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, redirect
from waitress.server import create_server
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request, Response

from intake.cli.web import THREADS
from intake.store.database import sqlite_pragmas
from tests.benchmarks.measurement import Limit, measure_interleaved, report_limits
from tests.support.patients import PatientSession
from tests.support.sites import make_site, make_template
from tests.support.strict_pages import node_attributes

REPEATS, ROUNDS = 150, 7
CPU = "/cpu-seconds"
QUESTION = "/question/race-ethnicity"
ONWARD = f"{QUESTION}/details"
FORM_DATA = {"choice": ["2054-5", "2135-2"]}
DRAFT_BYTES = 900
"""The size of an encrypted draft."""


@dataclass(frozen=True)
class Server:
    """A process that serves one application; `cookie` and `form` belong to a patient's session."""

    connection: HTTPConnection
    cookie: str
    form: str

    def send_request(self, method: str, path: str) -> bytes:
        """Send one request; raises RuntimeError unless a page or the right redirect comes back."""
        body = self.form if method == "POST" else None
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200 and not answer.headers.get("Location", "").endswith(ONWARD):
            raise RuntimeError(f"{method} {path}: status {answer.status}")
        return content

    def measure_cpu(self, method: str) -> float:
        """Return the CPU seconds of the process for one request."""
        before = float(self.send_request("GET", CPU))
        for _ in range(REPEATS):
            self.send_request(method, QUESTION)
        return (float(self.send_request("GET", CPU)) - before) / REPEATS


def create_bare_app(folder: Path) -> tuple[Flask, dict[str, str]]:
    """Return an application with two minimal views."""
    app = Flask("bare")
    rows = sqlite3.connect(folder / "rows.sqlite3", isolation_level=None, check_same_thread=False)
    for pragma in (*sqlite_pragmas(), "CREATE TABLE kept (id TEXT PRIMARY KEY, content BLOB)"):
        rows.execute(pragma)

    @app.get(QUESTION)
    def show_question() -> str:
        return "hello"

    @app.post(QUESTION)
    def store_answer() -> Any:
        rows.execute("INSERT OR REPLACE INTO kept VALUES ('draft', ?)", (os.urandom(DRAFT_BYTES),))
        return redirect(ONWARD, 303)

    return app, {"cookie": "", "form": urlencode(FORM_DATA, doseq=True)}


def create_our_app(folder: Path) -> tuple[Flask, dict[str, str]]:
    """Return our application and the session of a patient at the combined question."""
    (folder / "template").mkdir()
    (folder / "site").mkdir()
    site = make_site(make_template(folder / "template"), folder / "site")
    site.expect_visit()
    person = PatientSession(site)
    person.reach_first_question()
    site.app.testing = False
    token = node_attributes(person.document.query('input[name="csrf_token"]')[0])["value"]
    cookie = person.client.get_cookie("visit")
    form = urlencode({**FORM_DATA, "csrf_token": token}, doseq=True)
    return site.app, {"cookie": f"visit={cookie.value}" if cookie else "", "form": form}


@Request.application
def cpu_so_far(_: Request) -> Response:
    """Respond with the CPU seconds of this process so far."""
    return Response(str(time.process_time()))


def serve_app(what: str) -> None:
    """Serve until stopped, after printing the port and the session as one line of JSON."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        app, patient = (create_bare_app if what == "bare" else create_our_app)(Path(name))
        combined = DispatcherMiddleware(app, {CPU: cpu_so_far})
        server = create_server(combined, host="127.0.0.1", port=0, threads=THREADS)
        sys.stdout.write(json.dumps({"port": server.effective_port, **patient}) + "\n")
        sys.stdout.flush()
        server.run()


@contextmanager
def run_server(what: str) -> Iterator[Server]:
    """Run a process that serves our application ("ours") or the bare one ("bare")."""
    command = (sys.executable, "-W", "error", "-m", "tests.benchmarks.bench_pages", what)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        session = json.loads(process.stdout.readline())
        with closing(HTTPConnection("127.0.0.1", session["port"], timeout=30)) as connection:
            yield Server(connection, session["cookie"], session["form"])
        process.terminate()


def main() -> int:
    """Print the ratios of the two requests."""
    with run_server("ours") as our_server, run_server("bare") as bare_server:
        works = [
            partial(server.measure_cpu, method)
            for method in ("GET", "POST")
            for server in (our_server, bare_server)
        ]
        for work in works:
            work()
        our_get, bare_get, our_post, bare_post = measure_interleaved(*works, rounds=ROUNDS)
    # The goal for both is 4. The limits leave room for a machine that does other work as well.
    return report_limits(
        [
            Limit(
                "GET a question, of a bare view's CPU",
                our_get / bare_get,
                "<=",
                7,
                f"goal 4; {our_get * 1e6:.0f} µs",
            ),
            Limit(
                "POST a question, of a bare one that commits",
                our_post / bare_post,
                "<=",
                5,
                f"goal 4; {our_post * 1e6:.0f} µs",
            ),
        ]
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve_app(sys.argv[1])
    else:
        sys.exit(main())
