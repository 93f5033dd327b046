"""The judge as a process: resources in, the errors of each out."""

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
        """Yield the errors of each resource, in their order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        lines = [json.dumps(each) for each in resources]
        # Written beside, for a pipe that nobody reads at its other end fills up.
        writer = Thread(target=self._write, args=(lines,))
        writer.start()
        for _ in lines:
            found: list[str] = json.loads(self.process.stdout.readline())
            yield found
        writer.join()

    def _write(self, lines: list[str]) -> None:
        assert self.process.stdin is not None
        for each in lines:
            self.process.stdin.write(f"{each}\n")
        self.process.stdin.flush()


@contextmanager
def run_judge(version: str) -> Iterator[Judge]:
    """Run the judge of that version; it ends with the block."""
    found, program = find_packages(version), build_program("validator", SOURCE)
    with TemporaryDirectory(prefix="intake-judge-") as folder:
        # Behind US Core, so that its value sets have members; before Gravity's, which have theirs.
        home = [found[0], write_definitions(version, Path(folder) / "terminology"), *found[1:]]
        command = (
            find_java(),
            "-Xmx2g",
            "-XX:+UseSerialGC",
            "-cp",
            program,
            "Judge",
            str(THREADS),
            *map(str, home),
        )
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            try:
                yield Judge(version, process)
            finally:
                process.kill()
