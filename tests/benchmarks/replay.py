"""What our client asks of a server, recorded without the server hearing of it, and replayed there by wrk."""

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
-- Each thread has one connection and sends its own requests, one after the other; it notes when it began and ended.
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
  ["Content-Type"] = "application/fhir+json", ["Accept"] = "application/fhir+json", ["Cache-Control"] = "no-cache"
}
"""


def deliver_statement(
    client: FhirClient, writer: Writer, said: Statement, known: MergeContext
) -> None:
    """Write one statement and read it back, as a worker does; raises where it does not read back the same."""
    written = write_statement(client, writer, said, context=known)
    if differences := read_back(client, writer, said, written, base_version=written.base_version):
        raise RuntimeError(f"{said.patient}: {differences}")


def record_requests(
    url: str, writer: Writer, statements: Sequence[Statement], known: MergeContext
) -> list[ProxyRequest]:
    """Return the requests of each statement's delivery: the server is only read from, what it would be told ends here."""
    with run_proxy(url) as proxy, FhirClient(proxy.base_url) as client:
        proxy.default_fault = _answered_by(NullServer())
        for each in statements:
            deliver_statement(client, writer, each, known)
        return proxy.requests


def _answered_by(null: NullServer) -> Fault:
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
    """Send the requests by so many connections at once, each its share in order; returns the seconds that it took in all."""
    folder.mkdir()
    script = folder / "replay.lua"
    script.write_text(HEADERS + SCRIPT, "utf-8")
    for number in range(clients):
        share = requests[
            number * len(requests) // clients : (number + 1) * len(requests) // clients
        ]
        (folder / f"requests-{number + 1}").write_bytes(b"".join(map(_line, share)))
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
        # It would wait for its whole time where all has been said long before.
        while wrk.poll() is None and len(list(folder.glob("ended-*"))) < clients:
            time.sleep(0.01)
        wrk.kill()
        if len(ended := list(folder.glob("ended-*"))) < clients:
            raise RuntimeError(
                f"wrk did not come to the end: {wrk.stdout.read().decode() if wrk.stdout else ''}"
            )
    if refused := [each.read_text() for each in ended if each.read_text() != "0"]:
        raise RuntimeError(f"the server refused of what was replayed: {refused}")
    return max(_moment(each) for each in ended) - min(
        _moment(each) for each in folder.glob("began-*")
    )


def _line(asked: ProxyRequest) -> bytes:
    return f"{asked.method} {asked.path} {len(asked.body)}\n".encode() + asked.body + b"\n"


def _moment(note: Path) -> float:
    return note.stat().st_mtime_ns / 1e9
