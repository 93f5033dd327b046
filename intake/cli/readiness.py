"""How a child of `intake serve` says that it is ready, or that a restart cannot help it."""

import os
from pathlib import Path

READY_FILE = "INTAKE_READY_FILE"
"""The environment variable with the path that a child creates once it works."""

CANNOT_HEAL = 78
"""The exit code of a child whose fault a person must correct; sysexits.h calls it EX_CONFIG."""


def signal_ready() -> None:
    """Tell `intake serve` that this process works; without it, do nothing."""
    path = os.environ.get(READY_FILE)
    if path:
        Path(path).touch()


def is_supervised() -> bool:
    """Return whether this process is a child of `intake serve`."""
    return READY_FILE in os.environ
