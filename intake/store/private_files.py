"""Files that this user alone can read, such as keys: a new one takes no other's place, a changed one is never half of one."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


def create_file(path: Path, content: bytes) -> None:
    """Write a new file in a folder that exists; raises FileExistsError if the file exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        _put(file, content)


def replace_file(path: Path, content: bytes) -> None:
    """Write another content into a file: a crash leaves the old one or the new one."""
    # A temporary file is readable by its owner alone.
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        _put(file, content)
    Path(file.name).replace(path)


def _put(file: IO[bytes], content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
