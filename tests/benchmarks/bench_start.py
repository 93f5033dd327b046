"""Cold start: the pages and the worker against importing the same libraries, and `--help` against a bare interpreter."""

import resource
import sys
from functools import partial

from tests.benchmarks.measurement import Limit, measure_interleaved, report_limits, run_python

ROUNDS = 5
GOAL, LIMIT = 1.5, 2.0
"""The design's goal of a start, and where the gate closes on a machine that does other things too."""
WEB, WORKER = "import waitress, intake.app", "import intake.worker.loop"
NEVER = {
    WEB: ("alembic", "duckdb", "fhir", "requests"),
    WORKER: ("alembic", "duckdb", "fhir", "flask"),
}
"""What may be imported only where it is needed."""
HELP = "import sys; sys.argv = ['intake', '--help']; from intake.cli import main; sys.exit(main())"
LOADED = "; import sys; print(*(key for key, each in sys.modules.items() if 'site-packages' in str(vars(each).get('__file__'))))"


def loaded(code: str) -> list[str]:
    """The modules of libraries that the code has imported in the end, in the order of importing."""
    return [name for name in run_python(code + LOADED).stdout.split() if not name.startswith("_")]


def cpu(code: str) -> float:
    """The CPU seconds of an interpreter that runs the code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_python(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def of_its_libraries(name: str, code: str) -> Limit:
    """The ratio of a start to that of its libraries alone; raises where a library is among them that should come late."""
    modules = loaded(code)
    early = sorted({each.partition(".")[0] for each in modules} & set(NEVER[code]))
    if early:
        raise RuntimeError(f"{name} imports {', '.join(early)} at its start")
    libraries = f"import importlib\nfor each in {modules!r}: importlib.import_module(each)"
    ours, theirs = measure_interleaved(partial(cpu, code), partial(cpu, libraries), rounds=ROUNDS)
    return Limit(
        f"start of {name}, of its libraries'",
        ours / theirs,
        "<=",
        LIMIT,
        f"goal {GOAL}; {ours * 1e3:.0f} ms",
    )


def main() -> int:
    """Print the ratios of STACK.md's table, in CPU."""
    helped, bare = measure_interleaved(partial(cpu, HELP), partial(cpu, "pass"), rounds=ROUNDS)
    return report_limits(
        [
            of_its_libraries("the pages", WEB),
            of_its_libraries("the worker", WORKER),
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
