"""Cold start: pages and worker against their libraries alone, `--help` against bare Python."""

import resource
import sys
from functools import partial

from tests.benchmarks.measurement import Limit, measure_interleaved, report_limits, run_python

ROUNDS = 5
GOAL, LIMIT = 1.5, 2.0
"""The goal, and the limit, which leaves room for a machine that does other work as well."""
WEB, WORKER = "import waitress, intake.app", "import intake.worker.loop"
NEVER = {
    WEB: ("alembic", "duckdb", "fhir", "requests"),
    WORKER: ("alembic", "duckdb", "fhir", "flask"),
}
"""Libraries that may be imported only in the function that needs them."""
HELP = "import sys; sys.argv = ['intake', '--help']; from intake.cli import main; sys.exit(main())"
LIST_MODULES = (
    "; import sys; print(*(name for name, module in sys.modules.items() "
    "if 'site-packages' in str(vars(module).get('__file__'))))"
)


def list_libraries(code: str) -> list[str]:
    """Return the library modules that the code imports, in that order."""
    return [
        name for name in run_python(code + LIST_MODULES).stdout.split() if not name.startswith("_")
    ]


def measure_cpu(code: str) -> float:
    """Return the CPU seconds of an interpreter that runs the code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_python(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare_to_libraries(name: str, code: str) -> Limit:
    """Return the ratio of a start to that of its libraries; raises if a late one is among them."""
    modules = list_libraries(code)
    early = sorted({module.partition(".")[0] for module in modules} & set(NEVER[code]))
    if early:
        raise RuntimeError(f"{name} imports {', '.join(early)} at its start")
    libraries = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    start_cpu, library_cpu = measure_interleaved(
        partial(measure_cpu, code), partial(measure_cpu, libraries), rounds=ROUNDS
    )
    return Limit(
        f"start of {name}, of its libraries'",
        start_cpu / library_cpu,
        "<=",
        LIMIT,
        f"goal {GOAL}; {start_cpu * 1e3:.0f} ms",
    )


def main() -> int:
    """Print the ratios, in CPU time."""
    helped, bare = measure_interleaved(
        partial(measure_cpu, HELP), partial(measure_cpu, "pass"), rounds=ROUNDS
    )
    return report_limits(
        [
            compare_to_libraries("the pages", WEB),
            compare_to_libraries("the worker", WORKER),
            Limit(
                "--help, of a bare interpreter",
                helped / bare,
                "<=",
                4,
                f"goal 3; {helped * 1e3:.0f} ms",
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
