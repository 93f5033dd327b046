"""What the benchmarks share: measuring side by side in one run, and saying whether a ratio keeps its limit."""

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

RESULTS = "INTAKE_BENCHMARK_RESULTS"


@dataclass(frozen=True)
class Limit:
    """One ratio and what it has to be: at least (`>=`) or at most (`<=`) `wanted`."""

    name: str
    ratio: float
    sign: str
    wanted: float
    beside: str = ""

    @property
    def is_kept(self) -> bool:
        return self.ratio >= self.wanted if self.sign == ">=" else self.ratio <= self.wanted

    def __str__(self) -> str:
        verdict = "ok" if self.is_kept else "MISSED"
        return f"{verdict:<6} {self.name}: {self.ratio:.2f} ({self.sign} {self.wanted:g}) {self.beside}".rstrip()


def report_limits(limits: Sequence[Limit]) -> int:
    """Print each, and keep it where RESULTS names a folder; 1 where one is missed."""
    for each in limits:
        sys.stdout.write(f"{each}\n")
    if RESULTS in os.environ:
        _keep(limits, Path(os.environ[RESULTS]) / "benchmarks.json")
    return 0 if all(each.is_kept for each in limits) else 1


def _keep(limits: Sequence[Limit], file: Path) -> None:
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    day = datetime.now(UTC).date().isoformat()
    found = {
        each.name: {
            "ratio": round(each.ratio, 2),
            "gate": f"{each.sign} {each.wanted:g}",
            "beside": each.beside,
            "on": day,
        }
        for each in limits
    }
    file.write_text(json.dumps(known | found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def format_results(result: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of what was measured, beside what the gate asks for and what the design does."""
    rows = (
        (name, f"{each['ratio']:g}", each["gate"], each["beside"], each["on"])
        for name, each in result.items()
    )
    return markdown.render_table(("", "measured", "the gate", "", "run on"), rows)


def measure_interleaved(*works: Callable[[], float], rounds: int = 5) -> list[float]:
    """Run the works in turn, so that a noisy machine disturbs all alike; the median of each one's figure."""
    figures: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for place, work in enumerate(works):
            figures[place].append(work())
    return [statistics.median(each) for each in figures]


def measure_seconds(work: Callable[[], object], times: int = 1) -> float:
    """How long the work takes by the clock, once of so many times."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def measure_cpu_seconds(work: Callable[[], object], times: int = 1) -> float:
    """How much CPU of this process the work takes, once of so many times."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A temporary folder on the disk that `TMPDIR` names."""
    with TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


def run_python(code: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, which may write its bytecode as on any clinic's machine."""
    known = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = (sys.executable, "-c", code, *words)
    return subprocess.run(
        command, env={**known, **environment}, capture_output=True, text=True, check=True
    )
