"""Files that only this user can read, such as key files, written without half-written states."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


def create_file(path: Path, content: bytes) -> None:
    """Write a new file into an existing folder; raises FileExistsError if the file exists."""
    # O_EXCL makes the check and the creation one step, so two processes cannot both create it.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        _write_synced(file, content)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file's content; after a crash the file has the old or the new content."""
    # A temporary file is readable by its owner only.
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        _write_synced(file, content)
    Path(file.name).replace(path)


def _write_synced(file: IO[bytes], content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
