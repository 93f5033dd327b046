"""Records our client's requests, without the server receiving them, and replays them with wrk."""

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from fhir_client.client import FhirClient
from fhir_client.uscore.statement import Statement
from fhir_client.write.charts import MergeContext
from fhir_client.write.read_back import read_back
from fhir_client.write.task import Writer
from fhir_client.write.writer import write_statement
from tests.benchmarks.null_server import NullServer
from tests.support.fault_proxy import Fault, Forward, ProxyRequest, ProxyResponse, run_proxy

PATIENCE = 120
SCRIPT = """
-- Each thread has one connection and sends its own requests in order.
-- It writes a file when it begins, and one when it ends.
local number, place, sent, refused = 0, "", {}, 0
local last, heard = 0, 0

function setup(thread)
  number = number + 1
  thread:set("mine", number)
end

local function note(what, words)
  local file = assert(io.open(place .. "/" .. what .. "-" .. mine, "w"))
  file:write(words)
  file:close()
end

function init(args)
  place = args[1]
  local file = assert(io.open(place .. "/requests-" .. mine, "rb"))
  for line in file:lines() do
    local method, path, length = line:match("^(%S+) (%S+) (%d+)$")
    local body = length == "0" and "" or file:read(tonumber(length))
    file:read(1)
    sent[#sent + 1] = wrk.format(method, path, HEADERS, body)
  end
  file:close()
end

function request()
  if last == 0 then note("began", "") end
  last = math.min(last + 1, #sent)
  return sent[last]
end

function response(status)
  heard = heard + 1
  if status >= 300 then refused = refused + 1 end
  if heard == #sent then
    note("ended", tostring(refused))
    wrk.thread:stop()
  end
end
"""
HEADERS = """HEADERS = {
  ["Content-Type"] = "application/fhir+json",
  ["Accept"] = "application/fhir+json",
  ["Cache-Control"] = "no-cache"
}
"""


def deliver_statement(
    client: FhirClient, writer: Writer, said: Statement, known: MergeContext
) -> None:
    """Write one statement and read it back, as a worker does; raises RuntimeError on a mismatch."""
    written = write_statement(client, writer, said, context=known)
    if differences := read_back(client, writer, said, written, base_version=written.base_version):
        raise RuntimeError(f"{said.patient}: {differences}")


def record_requests(
    url: str, writer: Writer, statements: Sequence[Statement], known: MergeContext
) -> list[ProxyRequest]:
    """Return the requests of each statement's delivery; only reads reach the server."""
    with run_proxy(url) as proxy, FhirClient(proxy.base_url) as client:
        proxy.default_fault = _answer_from(NullServer())
        for statement in statements:
            deliver_statement(client, writer, statement, known)
        return proxy.requests


def _answer_from(null: NullServer) -> Fault:
    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse:
        if not asked.body:
            return forward(asked)
        return ProxyResponse(
            200,
            {"Content-Type": "application/fhir+json"},
            json.dumps(null.answer_request(asked.path, asked.body)).encode(),
        )

    return fault


def replay_with_wrk(
    url: str, requests: Sequence[ProxyRequest], clients: int, folder: Path
) -> float:
    """Send the requests over so many connections at once; returns the seconds in all."""
    folder.mkdir()
    script = folder / "replay.lua"
    script.write_text(HEADERS + SCRIPT, "utf-8")
    for number in range(clients):
        share = requests[
            number * len(requests) // clients : (number + 1) * len(requests) // clients
        ]
        (folder / f"requests-{number + 1}").write_bytes(b"".join(map(_format_request, share)))
    command = (
        "wrk",
        f"-t{clients}",
        f"-c{clients}",
        f"-d{PATIENCE}s",
        f"--timeout={PATIENCE}s",
        "-s",
        script,
        url,
        "--",
        folder,
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as wrk:
        # wrk itself would run for its whole time limit, although all requests are answered.
        while wrk.poll() is None and len(list(folder.glob("ended-*"))) < clients:
            time.sleep(0.01)
        wrk.kill()
        if len(ended := list(folder.glob("ended-*"))) < clients:
            raise RuntimeError(
                f"wrk did not come to the end: {wrk.stdout.read().decode() if wrk.stdout else ''}"
            )
    if refused := [note.read_text() for note in ended if note.read_text() != "0"]:
        raise RuntimeError(f"the server refused replayed requests: {refused}")
    return max(_modified_at(note) for note in ended) - min(
        _modified_at(note) for note in folder.glob("began-*")
    )


def _format_request(asked: ProxyRequest) -> bytes:
    return f"{asked.method} {asked.path} {len(asked.body)}\n".encode() + asked.body + b"\n"


def _modified_at(note: Path) -> float:
    return note.stat().st_mtime_ns / 1e9
