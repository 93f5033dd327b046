"""Writes CSV with patients' names to standard output or to a new file of mode 0600."""

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from intake.cli.output import use_utf8


@contextmanager
def open_csv(path: Path | None, heading: Sequence[str]) -> Iterator[TextIO]:
    """Open the output and write the heading; None means standard output.

    The file is on disk (fsync) when the block ends. Raises FileExistsError.
    """
    if path is None:
        use_utf8()
        write_row(sys.stdout, heading)
        yield sys.stdout
        return
    # O_EXCL refuses an existing file, whose mode and readers we do not know.
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
        "w",
        encoding="utf-8",
        newline="",
    ) as file:
        write_row(file, heading)
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_row(out: TextIO, row: Sequence[object]) -> None:
    """Write one row."""
    csv.writer(out, lineterminator="\n").writerow(row)
