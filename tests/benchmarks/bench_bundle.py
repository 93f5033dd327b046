"""A submission's Bundle, built and serialised, against the same Bundle as a literal dict through plain json; and checked."""

import json
import sys
from functools import partial

from fhir_client import exact
from fhir_client.uscore.versions import version
from fhir_client.writing.bundle import build
from fhir_client.writing.check import check
from intake.settings import load
from intake.sync.saying import said
from tests.benchmarks.measuring import Limit, conclude, cpu_seconds, interleaved
from tests.outbox import EXAMPLE, PATIENT

EACH, ROUNDS = 100, 7
CHART = {**PATIENT, "id": "lan", "meta": {"versionId": "1"}}


def main() -> int:
    """Print the ratios of STACK.md's table, in CPU."""
    statement, us_core = said(EXAMPLE, load()), version("6.1.0")
    bundle = build(statement, us_core, CHART).bundle
    literal = compile(repr(bundle), "literal", "eval")
    by_hand, built, checked = interleaved(
        partial(cpu_seconds, lambda: json.dumps(eval(literal)), EACH),  # noqa: S307  # Our own Bundle, as source.
        partial(cpu_seconds, lambda: exact.dumps(build(statement, us_core, CHART).bundle), EACH),
        partial(cpu_seconds, lambda: check(bundle), EACH),
        rounds=ROUNDS,
    )
    return conclude(
        [
            Limit(
                "Bundle built and serialised, of a literal one",
                built / by_hand,
                "<=",
                4,
                f"goal 3; {built * 1e6:.0f} µs",
            ),
            Limit(
                "the same, checked",
                (built + checked) / by_hand,
                "<=",
                100,
                f"{(built + checked) * 1e6:.0f} µs",
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
