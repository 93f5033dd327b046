"""Lines of CSV that name patients: to standard output, or into a new file that its maker alone can read."""

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def open_csv(path: Path | None, heading: Sequence[str]) -> Iterator[TextIO]:
    """Open what the lines go to, with the heading; a file is on disk when this ends. Raises FileExistsError."""
    if path is None:
        write_row(sys.stdout, heading)
        yield sys.stdout
        return
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
    """Write one line."""
    csv.writer(out, lineterminator="\n").writerow(row)
