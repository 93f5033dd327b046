"""Measures a search beside a plain look at every name, and its slowest queries in milliseconds.

Run it: `python -m tests.benchmarks.bench_search`. A machine under load slows both alike.
"""

import sys
import time

from tests.benchmarks.measurement import Limit, report_limits
from tests.support.searches import HELD_OUT_SHARE, load_corpus, search_entries

LONGEST_MILLISECONDS = 20.0
MOST_TIMES_A_SCAN = 3.0


def measure_seconds(kind: str, term: str) -> float:
    """Return the CPU time of one search."""
    start = time.process_time()
    search_entries(kind, term)
    return time.process_time() - start


def measure_scan(names: list[str], term: str) -> float:
    """Return the CPU time of looking for the term in every name, as a search must at least."""
    start = time.process_time()
    sum(term in name for name in names)
    return time.process_time() - start


def main() -> int:
    """Measure every fifth query of the corpus."""
    queries = load_corpus()[::HELD_OUT_SHARE]
    for query in {query.kind: query for query in queries}.values():
        measure_seconds(query.kind, query.term)
    names = [query.term for query in load_corpus()] * 14
    scans = sorted(measure_scan(names, query.term) for query in queries)
    seconds = sorted(measure_seconds(query.kind, query.term) for query in queries)
    middle, slow = len(seconds) // 2, int(len(seconds) * 0.99)
    milliseconds = seconds[slow] * 1000
    beside = f"median {seconds[middle] * 1000:.1f} ms, 99 of 100 within {milliseconds:.1f} ms"
    return report_limits(
        [
            Limit(
                "search: 99 of 100, share of 20 ms", milliseconds / LONGEST_MILLISECONDS, "<=", 1.0
            ),
            Limit(
                "search, beside a scan of 10,000 names",
                seconds[middle] / scans[middle],
                "<=",
                MOST_TIMES_A_SCAN,
                beside,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
