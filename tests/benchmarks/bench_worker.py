"""Delivering what is queued: our client against plain http.client, and the worker against wrk replaying the same requests.

Named on the command line: `null` for the first, `medplum`, `hapi` and `hapi-postgresql` for the second, `hapi-apart` where
HAPI does not have to share its cores with us; without a name: all but HAPI over PostgreSQL.
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
from intake.store.outbox.submissions import Status, count_by_status
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

ALONE, ROUNDS, BEFORE = 150, 4, 1
EACH = {"medplum": 30, "hapi": 60, "hapi-apart": 60, "hapi-postgresql": 60}
"""Submissions a round: few on Medplum, whose memory is searched from end to end, and so gets slower with every one."""
GOALS = {
    "medplum": (0, "reported only"),
    "hapi": (0.5, "goal 0.9; the two share the cores"),
    "hapi-apart": (0.75, "goal 0.9; a core each"),
    "hapi-postgresql": (0.5, "goal 0.9; the two share the cores"),
}
WRITER = Writer(us_core_version("6.1.0"))


def statements(patients: Sequence[str], settings: Settings) -> list[Statement]:
    """What is said by each of the patients, each in a submission of its own."""
    return [
        map_submission(
            replace(EXAMPLE_SUBMISSION, id=uuid4(), patient=each, encounter=None), settings
        )
        for each in patients
    ]


def alone() -> list[Limit]:
    """Our client and http.client, each with the same requests and answers, before a server that does next to nothing."""
    with run_null_server() as url, FhirClient(url) as client:
        mine = statements([f"Patient/{uuid4()}" for _ in range(ALONE)], load_settings())
        requests = record_requests(url, WRITER, mine, MergeContext(chart=CHART_ELEMENTS))
        plain = HTTPConnection("127.0.0.1", urlsplit(url).port)

        def ours() -> None:
            for each in mine:
                deliver_statement(client, WRITER, each, MergeContext(chart=CHART_ELEMENTS))

        def theirs() -> None:
            for each in requests:
                plain.request(each.method, each.path, each.body, each.headers)
                json.loads(plain.getresponse().read())

        by_us, by_them = measure_interleaved(
            partial(measure_seconds, ours), partial(measure_seconds, theirs), rounds=ROUNDS + BEFORE
        )
        cpu = measure_cpu_seconds(ours) / ALONE * 1e3
        plain.close()
    beside = f"goal 4.5; {by_us / ALONE * 1e3:.1f} ms"
    return [
        Limit(
            "client before a null server, of http.client's time", by_us / by_them, "<=", 9, beside
        ),
        Limit("client CPU a submission, ms", cpu, "<=", 20, "goal 8"),
    ]


@dataclass
class Before:
    """A real server: an outbox before it, and what its worker and a replay of the same requests took there, round by round."""

    outbox: Outbox
    each: int

    def both(self, place: Path, *, worker_first: bool) -> tuple[float, float, float]:
        """Let wrk and the worker do the same, one after the other; returns what `by_replay` and `by_worker` do."""
        if worker_first:
            ours = self.by_worker()
            return self.by_replay(place), *ours
        return self.by_replay(place), *self.by_worker()

    def by_worker(self) -> tuple[float, float]:
        """Deliver what is queued, by as many threads as a worker has; returns seconds and seconds of our CPU, for each."""
        outbox = self.outbox
        for patient in create_patients(outbox.direct_client, self.each):
            outbox.submit_example(patient, MERGE_BASE, encounter=None)
        cpu = process_time()
        took = measure_seconds(partial(_until_verified, outbox))
        return took / self.each, (process_time() - cpu) / self.each

    def by_replay(self, place: Path) -> float:
        """Let wrk send what our client would send for as many patients; returns the seconds for each."""
        base, outbox = self.outbox.server.base_url, self.outbox
        requests = record_requests(
            base,
            WRITER,
            statements(create_patients(outbox.direct_client, self.each), outbox.settings),
            MergeContext(chart=CHART_ELEMENTS),
        )
        return replay_with_wrk(base, requests, outbox.server.workers, place) / self.each


def _until_verified(outbox: Outbox) -> None:
    with ThreadPoolExecutor(workers := outbox.server.workers) as pool:
        while count_open(outbox):
            for each in [pool.submit(outbox.deliver_due) for _ in range(workers)]:
                each.result()
            # What the server was too busy for, as HAPI's H2 sometimes is, comes again, and counts twice.
            outbox.clock.advance(minutes=1)
    with outbox.database.read() as tx:
        if held := count_by_status(tx)[Status.HELD]:
            raise RuntimeError(f"{held} submissions are held")


def share(name: str, url: str) -> Limit:
    """What of a replay's rate the worker reaches on a real server, and what it costs us."""
    with temporary_folder() as place, FhirClient(url) as client:
        organization = client.create(
            {"resourceType": "Organization", "name": "Riverside Family Clinic"}
        )["id"]
        with open_outbox_for_server(client, f"Organization/{organization}") as outbox:
            before = Before(outbox, EACH[name])
            rounds = [
                before.both(place / str(each), worker_first=each % 2 == 0)
                for each in range(BEFORE + ROUNDS)
            ][BEFORE:]
    by_wrk_alone, by_us, cpu = (median(each) for each in zip(*rounds, strict=True))
    sys.stdout.write(
        f"{name}: replayed {1 / by_wrk_alone:.1f}/s, ours {1 / by_us:.1f}/s; worker and outbox {cpu * 1e3:.1f} ms of CPU each\n"
    )
    return Limit(f"sync on {name}, of a replay's rate", by_wrk_alone / by_us, ">=", *GOALS[name])


@contextmanager
def apart(start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Start a server on the first of this machine's cores and leave the others to us, as where it is a machine of its own.

    Where both share all cores, what our own work takes is missing to the server, and a replay by wrk has next to none.
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
    """Print the ratios of STACK.md's table."""
    if shutil.which("wrk") is None:
        sys.exit(
            "This replays requests with wrk, which is not installed (on Debian: apt-get install wrk)."
        )
    starts: dict[str, Callable[[], AbstractContextManager[str]]] = {
        "medplum": partial(run_medplum, cache_folder() / "medplum"),
        "hapi": run_hapi,
        "hapi-apart": partial(apart, run_hapi),
        "hapi-postgresql": run_hapi_on_postgres,
    }
    limits: list[Limit] = []
    for name in names:
        if name == "null":
            limits += alone()
        else:
            with starts[name]() as url:
                limits.append(share(name, url))
    return report_limits(limits)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["null", "medplum", "hapi", "hapi-apart"]))
