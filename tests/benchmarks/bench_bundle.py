"""Building, serialising and validating a Bundle, against `json` with a literal dict."""

import json
import sys
from functools import partial

from fhir_client.transport import exact_json
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.bundle import build_bundle
from fhir_client.write.validation import validate_bundle
from intake.mapping.site_mapping import map_submission
from intake.settings import load_settings
from tests.benchmarks.measurement import (
    Limit,
    measure_cpu_seconds,
    measure_interleaved,
    report_limits,
)
from tests.support.outbox import EXAMPLE_PATIENT, EXAMPLE_SUBMISSION

REPEATS, ROUNDS = 100, 7
CHART = {**EXAMPLE_PATIENT, "id": "lan", "meta": {"versionId": "1"}}


def main() -> int:
    """Print the ratios, in CPU time."""
    statement, us_core = (
        map_submission(EXAMPLE_SUBMISSION, load_settings()),
        us_core_version("6.1.0"),
    )
    bundle = build_bundle(statement, us_core, CHART).bundle
    literal = compile(repr(bundle), "literal", "eval")
    by_hand, built, checked = measure_interleaved(
        partial(measure_cpu_seconds, lambda: json.dumps(eval(literal)), REPEATS),  # noqa: S307  # Our own Bundle.
        partial(
            measure_cpu_seconds,
            lambda: exact_json.format_json(build_bundle(statement, us_core, CHART).bundle),
            REPEATS,
        ),
        partial(measure_cpu_seconds, lambda: validate_bundle(bundle), REPEATS),
        rounds=ROUNDS,
    )
    return report_limits(
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
