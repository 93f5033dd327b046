"""The monitor over a million submissions: each page against the first, the first against SQL."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient

from intake.staff.monitor import read_monitor
from intake.staff.monitor_filter import MonitorFilter
from tests.benchmarks.measurement import (
    Limit,
    measure_cpu_seconds,
    measure_interleaved,
    report_limits,
    temporary_folder,
)
from tests.support.sites import TestSite, make_site, make_template
from tests.support.staff import StaffSession, sign_in_staff

SUBMISSIONS, REPEATS, ROUNDS = 1_000_000, 3, 5
DEPTHS = {"the middle": 500_000, "the end": 60}
FILL = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO submissions (
  number, id, clinic, server, patient_key, content_key, channel, locale, status, attempts, taken,
  reason, words, queued_at, due_at, verified_at, held_at)
SELECT n, printf('%08x-0000-4000-8000-%012x', (n * 2654435761) % 4294967296, n),
  iif(n % 100 = 0, 'hillside', 'riverside'), 'main',
  printf('%064x', n % 300000), printf('%064x', n), 'kiosk', 'en',
  iif(n % 5000 = 7, 'held', 'verified'), 1, '', iif(n % 5000 = 7, 'patient', NULL),
  iif(n % 5000 = 7, 'The patient is gone.', NULL), n * 1000000, n * 1000000,
  iif(n % 5000 = 7, NULL, n * 1000000 + 5), iif(n % 5000 = 7, n * 1000000 + 5, NULL)
FROM numbers"""
# What the page shows at least: the counts, the groups and one page of the list.
BARE = (
    "SELECT count(*) FROM submissions WHERE status = 'held'",
    "SELECT count(*) FROM (SELECT 1 FROM submissions WHERE status = 'verified' LIMIT 10001)",
    (
        "SELECT reason, clinic, count(*), min(queued_at) FROM submissions"
        " WHERE reason IS NOT NULL GROUP BY reason, clinic"
    ),
    "SELECT max(verified_at) FROM submissions WHERE server = 'main' AND verified_at IS NOT NULL",
    "SELECT * FROM submissions ORDER BY number DESC LIMIT 51",
)


def fill_database(site: TestSite) -> Path:
    """Store the submissions, nearly all verified; return the database's file."""
    file = Path(site.settings.database_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(FILL, {"count": SUBMISSIONS})
        connection.execute("ANALYZE")
        connection.commit()
    return file


def run_bare(connection: sqlite3.Connection) -> None:
    for query in BARE:
        connection.execute(query).fetchall()


def read_first_page(site: TestSite) -> None:
    with site.database.read() as tx:
        read_monitor(tx, site.settings, MonitorFilter())


def open_page(it: StaffSession, query: str) -> None:
    # The tests' own client parses each page, which the benchmark must not measure.
    answer = FlaskClient.open(it.client, f"/staff/monitor?{query}")
    if answer.status_code != 200 or answer.text.count("<tr class=") == 0:
        raise RuntimeError(f"{query}: status {answer.status_code}, or an empty list")


def main() -> int:
    """Print the ratios."""
    with temporary_folder() as place:
        for name in ("template", "site"):
            (place / name).mkdir()
        site = make_site(make_template(place / "template"), place / "site")
        file = fill_database(site)
        it = sign_in_staff(site, "it")
        queries = {
            "the first page": "",
            **{name: f"before={number}" for name, number in DEPTHS.items()},
            "a clinic": "clinic=hillside",
            "the end of a clinic": "clinic=hillside&before=6000",
            "held at a clinic": "clinic=riverside&state=held&before=900000",
            "a reason": "reason=patient&before=500000",
        }
        works: list[Callable[[], float]] = [
            partial(measure_cpu_seconds, partial(open_page, it, query), REPEATS)
            for query in queries.values()
        ]
        with closing(sqlite3.connect(file)) as connection:
            bare = partial(measure_cpu_seconds, partial(run_bare, connection), REPEATS)
            reads = partial(measure_cpu_seconds, partial(read_first_page, site), REPEATS)
            *pages, read, sql = measure_interleaved(*works, reads, bare, rounds=ROUNDS)
    first = pages[0]
    sys.stdout.write(
        f"the first page {first * 1e3:.1f} ms, its reads {read * 1e3:.1f} ms, "
        f"bare SQL {sql * 1e3:.1f} ms\n"
    )
    return report_limits(
        [
            *(
                Limit(f"the monitor, {name}, of the first page", seconds / first, "<=", 1.5)
                for name, seconds in list(zip(queries, pages, strict=True))[1:]
            ),
            # Some twenty small statements: their number costs more than what they read.
            Limit(
                "the monitor's reads for the first page, of bare SQL",
                read / sql,
                "<=",
                20,
                "goal 4",
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
