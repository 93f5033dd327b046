"""A worker's memory stays flat over thousands of submissions, before a trivial FHIR server.

`python -m tests.benchmarks.bench_memory 50000` delivers more of them than CI has time for.
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

SUBMISSIONS, TENTHS, POLL_SECONDS = 5000, 10, 0.1


def fill_outbox(outbox: Outbox, count: int) -> None:
    for _ in range(count):
        outbox.submit_example(f"Patient/{uuid4()}", MERGE_BASE, encounter=None)


def read_resident_mib(process: int) -> int:
    """Return the resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 >> 20


def measure_memory(outbox: Outbox, count: int) -> list[int]:
    """Let one worker deliver `count` submissions in tenths; returns its MiB after each tenth."""
    sizes: list[int] = []
    worker = start_worker(outbox)
    try:
        for _ in range(TENTHS):
            fill_outbox(outbox, count // TENTHS)
            while count_open(outbox):
                if worker.poll() is not None:
                    raise RuntimeError("the worker ended")
                Event().wait(POLL_SECONDS)
            sizes.append(read_resident_mib(worker.pid))
    finally:
        worker.terminate()
        worker.wait()
    return sizes


def main(count: int) -> int:
    """Print the ratio of the worker's memory at the end to that after the first tenth."""
    with (
        run_null_server() as url,
        FhirClient(url) as client,
        open_outbox_for_server(client) as outbox,
    ):
        outbox.clock.now = datetime.now(UTC)
        sizes = measure_memory(outbox, count)
    sys.stdout.write(f"MiB after each tenth of {count}: {' '.join(map(str, sizes))}\n")
    name = f"worker's memory after {count:,} submissions, of that after a tenth of them"
    return report_limits([Limit(name, sizes[-1] / sizes[0], "<=", 1.1, f"{sizes[-1]} MiB")])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SUBMISSIONS))
