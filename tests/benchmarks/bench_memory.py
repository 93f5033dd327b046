"""A worker's memory over thousands of submissions before a server that does next to nothing: flat.

`python -m tests.benchmarks.bench_memory 50000` for more of them than a gate has time for.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from uuid import uuid4

from fhir_client.client import FhirClient
from tests.benchmarks.measurement import Limit, report_limits
from tests.benchmarks.null_server import MERGE_BASE, run_null_server
from tests.benchmarks.outboxes import open_outbox_for_server
from tests.support.outbox import Outbox
from tests.support.workers import count_open, start_worker

SUBMISSIONS, LOOKS, LOOK = 5000, 10, 0.1


def fill(outbox: Outbox, count: int) -> None:
    for _ in range(count):
        outbox.submit_example(f"Patient/{uuid4()}", MERGE_BASE, encounter=None)


def resident(process: int) -> int:
    """Return the MiB that the process holds in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 >> 20


def watched(outbox: Outbox, count: int) -> list[int]:
    """Let one worker deliver so many, a tenth at a time; returns what it held after each."""
    held: list[int] = []
    worker = start_worker(outbox)
    try:
        for _ in range(LOOKS):
            fill(outbox, count // LOOKS)
            while count_open(outbox):
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
    with (
        run_null_server() as url,
        FhirClient(url) as client,
        open_outbox_for_server(client) as outbox,
    ):
        outbox.clock.now = datetime.now(UTC)
        held = watched(outbox, count)
    sys.stdout.write(f"MiB after each tenth of {count}: {' '.join(map(str, held))}\n")
    name = f"worker's memory after {count:,} submissions, of that after a tenth of them"
    return report_limits([Limit(name, held[-1] / held[0], "<=", 1.1, f"{held[-1]} MiB")])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SUBMISSIONS))
