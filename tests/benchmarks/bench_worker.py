"""Delivery: our client against http.client, the worker against wrk replaying its requests.

Arguments: `null` for the first; `medplum`, `hapi`, `hapi-postgresql` for the second, and
`hapi-apart`, where HAPI has a core of its own. Without arguments: all but HAPI on PostgreSQL.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import process_time
from urllib.parse import urlsplit
from uuid import uuid4

from fhir_client.client import FhirClient
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.charts import MergeContext
from fhir_client.write.task import Writer
from intake.mapping.site_mapping import map_submission
from intake.settings import Settings, load_settings
from intake.store.outbox.counts import count_by_status
from intake.store.outbox.records import Status
from tests.benchmarks.measurement import (
    Limit,
    measure_cpu_seconds,
    measure_interleaved,
    measure_seconds,
    report_limits,
    temporary_folder,
)
from tests.benchmarks.null_server import CHART_ELEMENTS, MERGE_BASE, run_null_server
from tests.benchmarks.outboxes import open_outbox_for_server
from tests.benchmarks.replay import deliver_statement, record_requests, replay_with_wrk
from tests.servers.hapi_process import run_hapi, run_hapi_on_postgres
from tests.support.java import cache_folder
from tests.support.many_patients import create_patients
from tests.support.medplum import run_medplum
from tests.support.outbox import EXAMPLE_SUBMISSION, Outbox
from tests.support.workers import count_open

NULL_SUBMISSIONS, ROUNDS, WARM_UP_ROUNDS = 150, 4, 1
SUBMISSIONS = {"medplum": 30, "hapi": 60, "hapi-apart": 60, "hapi-postgresql": 60}
"""Submissions per round: few on Medplum, which scans its memory and slows with each of them."""
GOALS = {
    "medplum": (0, "reported only"),
    "hapi": (0.5, "goal 0.9; the two share the cores"),
    "hapi-apart": (0.75, "goal 0.9; a core each"),
    "hapi-postgresql": (0.5, "goal 0.9; the two share the cores"),
}
WRITER = Writer(us_core_version("6.1.0"))


def create_statements(patients: Sequence[str], settings: Settings) -> list[Statement]:
    """Return one statement for each patient."""
    return [
        map_submission(
            replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=patient, encounter=None), settings
        )
        for patient in patients
    ]


def measure_null_server() -> list[Limit]:
    """Compare our client and http.client, with equal requests, before a trivial server."""
    with run_null_server() as url, FhirClient(url) as client:
        statements = create_statements(
            [f"Patient/{uuid4()}" for _ in range(NULL_SUBMISSIONS)], load_settings()
        )
        requests = record_requests(url, WRITER, statements, MergeContext(chart=CHART_ELEMENTS))
        plain = HTTPConnection("127.0.0.1", urlsplit(url).port)

        def run_our_client() -> None:
            for statement in statements:
                deliver_statement(client, WRITER, statement, MergeContext(chart=CHART_ELEMENTS))

        def run_http_client() -> None:
            for request in requests:
                plain.request(request.method, request.path, request.body, request.headers)
                json.loads(plain.getresponse().read())

        by_us, by_them = measure_interleaved(
            partial(measure_seconds, run_our_client),
            partial(measure_seconds, run_http_client),
            rounds=ROUNDS + WARM_UP_ROUNDS,
        )
        cpu = measure_cpu_seconds(run_our_client) / NULL_SUBMISSIONS * 1e3
        plain.close()
    beside = f"goal 4.5; {by_us / NULL_SUBMISSIONS * 1e3:.1f} ms"
    return [
        Limit(
            "client before a null server, of http.client's time", by_us / by_them, "<=", 9, beside
        ),
        Limit("client CPU a submission, ms", cpu, "<=", 20, "goal 8"),
    ]


@dataclass
class ServerComparison:
    """A real server, on which the worker and a replay of the same requests take turns."""

    outbox: Outbox
    submissions: int

    def run_round(self, folder: Path, *, worker_first: bool) -> tuple[float, float, float]:
        """Run wrk and the worker once each; returns the results of both methods below."""
        if worker_first:
            worker_times = self.run_worker()
            return self.run_replay(folder), *worker_times
        return self.run_replay(folder), *self.run_worker()

    def run_worker(self) -> tuple[float, float]:
        """Deliver with a worker's threads; returns seconds and our CPU seconds per submission."""
        outbox = self.outbox
        for patient in create_patients(outbox.direct_client, self.submissions):
            outbox.submit_example(patient, MERGE_BASE, encounter=None)
        cpu = process_time()
        took = measure_seconds(partial(_deliver_all, outbox))
        return took / self.submissions, (process_time() - cpu) / self.submissions

    def run_replay(self, folder: Path) -> float:
        """Let wrk send our client's requests; returns seconds per submission."""
        base, outbox = self.outbox.server.base_url, self.outbox
        requests = record_requests(
            base,
            WRITER,
            create_statements(
                create_patients(outbox.direct_client, self.submissions), outbox.settings
            ),
            MergeContext(chart=CHART_ELEMENTS),
        )
        return replay_with_wrk(base, requests, outbox.server.workers, folder) / self.submissions


def _deliver_all(outbox: Outbox) -> None:
    with ThreadPoolExecutor(workers := outbox.server.workers) as pool:
        while count_open(outbox):
            for future in [pool.submit(outbox.deliver_due) for _ in range(workers)]:
                future.result()
            # A server that was too busy, as HAPI on H2 sometimes is, gets these again: the retry
            # counts as well.
            outbox.clock.advance(minutes=1)
    with outbox.database.read() as tx:
        if held_count := count_by_status(tx)[Status.HELD]:
            raise RuntimeError(f"{held_count} submissions are held")


def measure_server(name: str, url: str) -> Limit:
    """Return the worker's rate on a real server as a share of the replay's."""
    with temporary_folder() as folder, FhirClient(url) as client:
        organization = client.create(
            {"resourceType": "Organization", "name": "Riverside Family Clinic"}
        )["id"]
        with open_outbox_for_server(client, f"Organization/{organization}") as outbox:
            comparison = ServerComparison(outbox, SUBMISSIONS[name])
            # The order alternates, because a server slows down as it fills.
            rounds = [
                comparison.run_round(folder / str(number), worker_first=number % 2 == 0)
                for number in range(WARM_UP_ROUNDS + ROUNDS)
            ][WARM_UP_ROUNDS:]
    by_wrk, by_us, cpu = (median(column) for column in zip(*rounds, strict=True))
    sys.stdout.write(
        f"{name}: replayed {1 / by_wrk:.1f}/s, ours {1 / by_us:.1f}/s; "
        f"worker and outbox {cpu * 1e3:.1f} ms of CPU per submission\n"
    )
    return Limit(f"sync on {name}, of a replay's rate", by_wrk / by_us, ">=", *GOALS[name])


@contextmanager
def run_apart(start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Run a server on the first core and leave the others to us, as if on a machine of its own.

    On shared cores our own work takes time from the server, and a replay by wrk takes next to none.
    """
    cores = os.sched_getaffinity(0)
    first = {min(cores)}
    try:
        os.sched_setaffinity(0, first)
        with start() as url:
            os.sched_setaffinity(0, cores - first or cores)
            yield url
    finally:
        os.sched_setaffinity(0, cores)


def main(names: Sequence[str]) -> int:
    """Print the ratios."""
    if shutil.which("wrk") is None:
        sys.exit(
            "This benchmark replays requests with wrk, which is not installed. "
            "On Debian: apt-get install wrk."
        )
    starts: dict[str, Callable[[], AbstractContextManager[str]]] = {
        "medplum": partial(run_medplum, cache_folder() / "medplum"),
        "hapi": run_hapi,
        "hapi-apart": partial(run_apart, run_hapi),
        "hapi-postgresql": run_hapi_on_postgres,
    }
    limits: list[Limit] = []
    for name in names:
        if name == "null":
            limits += measure_null_server()
        else:
            with starts[name]() as url:
                limits.append(measure_server(name, url))
    return report_limits(limits)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["null", "medplum", "hapi", "hapi-apart"]))
