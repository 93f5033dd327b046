"""`intake --version`: the version, the commit it was built from, and the database schema."""

import argparse
import json
import subprocess
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from intake.shipped import DISTRIBUTION
from intake.store.database import HEAD_REVISION

ROOT = Path(__file__).parents[2]
UNKNOWN = "unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command takes no arguments."""


def run(args: argparse.Namespace) -> int:
    """Print the version line."""
    del args
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        # The source runs from a folder on PYTHONPATH, without an installation.
        installed = None
    version = _read_checkout_version() if installed is None else installed.version
    print(f"intake {version}, commit {_find_commit(installed)}, schema {HEAD_REVISION}")
    return 0


def _read_checkout_version() -> str:
    project = ROOT / "pyproject.toml"
    if not project.exists():
        return UNKNOWN
    return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


def _find_commit(installed: Distribution | None) -> str:
    """Return the commit of the checkout, else the one that pip installed from."""
    if (ROOT / ".git").exists():
        return _read_checkout_commit() or UNKNOWN
    # PEP 610: pip and uv record here where an installation from a repository came from.
    origin = None if installed is None else installed.read_text("direct_url.json")
    if not origin:
        return UNKNOWN
    commit = json.loads(origin).get("vcs_info", {}).get("commit_id", UNKNOWN)
    return str(commit)[:12]


def _read_checkout_commit() -> str:
    # git may be missing, or refuse a checkout of another owner.
    try:
        done = subprocess.run(
            ("git", "rev-parse", "--short=12", "HEAD"),  # noqa: S607  # From PATH, as in a shell.
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()
