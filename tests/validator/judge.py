"""The judge as a process: it reads resources and writes the errors of each."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from tests.support.java import build_program, find_java
from tests.validator.packages import find_packages
from tests.validator.terminology import write_definitions

SOURCE = Path(__file__).parent / "java"
THREADS = 2
Json = dict[str, Any]


@dataclass(frozen=True)
class Judge:
    """A running judge of one version of US Core."""

    version: str
    process: subprocess.Popen[str]

    def find_errors(self, resources: Iterable[Json]) -> Iterator[list[str]]:
        """Yield the errors of each resource, in the order of the resources."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        lines = [json.dumps(resource) for resource in resources]
        # A thread writes, because the pipe fills up unless the errors are read at the same time.
        writer = Thread(target=self._write_lines, args=(lines,))
        writer.start()
        for _ in lines:
            errors: list[str] = json.loads(self.process.stdout.readline())
            yield errors
        writer.join()

    def _write_lines(self, lines: list[str]) -> None:
        assert self.process.stdin is not None
        for line in lines:
            self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


@contextmanager
def run_judge(version: str) -> Iterator[Judge]:
    """Run the judge of that version until the block ends."""
    packages, program = find_packages(version), build_program("validator", SOURCE)
    with TemporaryDirectory(prefix="intake-judge-") as folder:
        # The order decides which definition counts: after US Core's, so that its value sets get
        # members, and before Gravity's, which have theirs.
        folders = [
            packages[0],
            write_definitions(version, Path(folder) / "terminology"),
            *packages[1:],
        ]
        command = (
            find_java(),
            "-Xmx2g",
            "-XX:+UseSerialGC",
            "-cp",
            program,
            "Judge",
            str(THREADS),
            *map(str, folders),
        )
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            try:
                yield Judge(version, process)
            finally:
                process.kill()
