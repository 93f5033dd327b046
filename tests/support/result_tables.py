"""Inserts the results of long runs into tests/results/README.md, as tables.

The results are JSON files in tests/results. Run it with `python -m tests.support.result_tables`.
"""

import json
import re
import sys
from pathlib import Path

from tests.benchmarks.measurement import format_results as benchmarks_table
from tests.servers.matrix import fire_table, servers_table
from tests.validator.corpus import result_table as corpus_table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "tests" / "results"
PAGE = RESULTS / "README.md"
TABLES = {
    "servers": servers_table,
    "fire": fire_table,
    "corpus": corpus_table,
    "benchmarks": benchmarks_table,
}


def insert_results(text: str) -> str:
    """Return the page's text with each result between its marks."""
    for name, table in TABLES.items():
        begin, end = (
            f"<!-- tests/results/{name}.json, by python -m tests.support.result_tables -->\n",
            "<!-- end -->",
        )
        block = (
            f"{begin}\n{table(json.loads((RESULTS / f'{name}.json').read_text('utf-8')))}\n{end}"
        )
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text, places = place.subn(lambda _, block=block: block, text)  # type: ignore[misc]
        if places != 1:
            raise ValueError(
                f"{PAGE}: {places} places for {name}; there must be one: {begin.strip()} … {end}"
            )
    return text


def main() -> int:
    """Insert the results."""
    PAGE.write_text(insert_results(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
