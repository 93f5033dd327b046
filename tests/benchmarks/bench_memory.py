"""A worker's memory over thousands of submissions before a server that does next to nothing: flat.

`python -m tests.benchmarks.bench_memory 50000` for more of them than a gate has time for.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from uuid import uuid4

from fhir_client.client import Client
from tests.benchmarks.measuring import Limit, conclude
from tests.benchmarks.null_server import KNOWN, null_server
from tests.benchmarks.outboxes import outbox_before
from tests.crews import start, waiting
from tests.outbox import Outbox

SUBMISSIONS, LOOKS, LOOK = 5000, 10, 0.1


def fill(outbox: Outbox, count: int) -> None:
    for _ in range(count):
        outbox.submit(f"Patient/{uuid4()}", KNOWN, encounter=None)


def resident(process: int) -> int:
    """Return the MiB that the process holds in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 >> 20


def watched(outbox: Outbox, count: int) -> list[int]:
    """Let one worker deliver so many, a tenth at a time; returns what it held after each."""
    held: list[int] = []
    worker = start(outbox)
    try:
        for _ in range(LOOKS):
            fill(outbox, count // LOOKS)
            while waiting(outbox):
                if worker.poll() is not None:
                    raise RuntimeError("the worker ended")
                Event().wait(LOOK)
            held.append(resident(worker.pid))
    finally:
        worker.terminate()
        worker.wait()
    return held


def main(count: int) -> int:
    """Print how much more the worker holds in the end than after its first tenth."""
    with null_server() as url, Client(url) as client, outbox_before(client) as outbox:
        outbox.clock.now = datetime.now(UTC)
        held = watched(outbox, count)
    sys.stdout.write(f"MiB after each tenth of {count}: {' '.join(map(str, held))}\n")
    name = f"worker's memory after {count:,} submissions, of that after a tenth of them"
    return conclude([Limit(name, held[-1] / held[0], "<=", 1.1, f"{held[-1]} MiB")])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SUBMISSIONS))
