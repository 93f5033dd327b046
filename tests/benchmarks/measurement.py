"""Measures works side by side in one run, and reports whether a ratio keeps its limit."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import markdown

RESULTS_VARIABLE = "INTAKE_BENCHMARK_RESULTS"


@dataclass(frozen=True)
class Limit:
    """One ratio and its limit: at least (`>=`) or at most (`<=`) `bound`."""

    name: str
    ratio: float
    sign: str
    bound: float
    beside: str = ""

    @property
    def is_kept(self) -> bool:
        return self.ratio >= self.bound if self.sign == ">=" else self.ratio <= self.bound

    def __str__(self) -> str:
        verdict = "ok" if self.is_kept else "MISSED"
        comparison = f"{self.ratio:.2f} ({self.sign} {self.bound:g})"
        return f"{verdict:<6} {self.name}: {comparison} {self.beside}".rstrip()


def report_limits(limits: Sequence[Limit]) -> int:
    """Print each limit, and save it if RESULTS_VARIABLE names a folder; 1 if one is missed."""
    for limit in limits:
        sys.stdout.write(f"{limit}\n")
    if RESULTS_VARIABLE in os.environ:
        _save_results(limits, Path(os.environ[RESULTS_VARIABLE]) / "benchmarks.json")
    return 0 if all(limit.is_kept for limit in limits) else 1


def _save_results(limits: Sequence[Limit], file: Path) -> None:
    earlier = json.loads(file.read_text("utf-8")) if file.exists() else {}
    day = datetime.now(UTC).date().isoformat()
    results = {
        limit.name: {
            "ratio": round(limit.ratio, 2),
            "gate": f"{limit.sign} {limit.bound:g}",
            "beside": limit.beside,
            "on": day,
        }
        for limit in limits
    }
    file.write_text(json.dumps(earlier | results, indent=2, ensure_ascii=False) + "\n", "utf-8")


def format_results(result: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of the measured ratios with their limits and goals."""
    rows = (
        (name, f"{row['ratio']:g}", row["gate"], row["beside"], row["on"])
        for name, row in result.items()
    )
    return markdown.render_table(("", "measured", "the gate", "", "run on"), rows)


def measure_interleaved(*works: Callable[[], float], rounds: int = 5) -> list[float]:
    """Run the works in turn, so that noise meets all alike; return the median of each."""
    figures: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for index, work in enumerate(works):
            figures[index].append(work())
    return [statistics.median(column) for column in figures]


def measure_seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the mean elapsed time of the work over so many times."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def measure_cpu_seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the mean CPU time of this process for the work over so many times."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a temporary folder on the disk that `TMPDIR` names."""
    with TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


def run_python(code: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter, which may write bytecode as on a clinic's machine."""
    variables = {
        key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    command = (sys.executable, "-c", code, *words)
    return subprocess.run(
        command, env={**variables, **environment}, capture_output=True, text=True, check=True
    )
