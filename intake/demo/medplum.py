"""Starts the demo's FHIR server: Medplum's own router, in memory, with packages from npm."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from intake.demo.node import find_node
from intake.demo.processes import (
    DemoError,
    DemoProcess,
    run_process,
    wait_for_exit,
    wait_for_ready,
)

SOURCE = Path(__file__).parent / "fhir_server"
LOCK = "package-lock.json"
PROGRAM = ("server.mjs", "repository.mjs")
# Without a network, npm's own defaults retry for more than a minute before it reports that.
NPM_RETRIES = (
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
    "--fetch-timeout=60000",
)
NPM_INSTALL = ("ci", "--no-audit", "--no-fund", "--ignore-scripts")
NAME = "the FHIR server"


class LaunchError(DemoError):
    """The FHIR server did not start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class FhirServer:
    """A running FHIR server; `url` is its base URL."""

    url: str
    process: DemoProcess


def is_installed(cache: Path) -> bool:
    """Return whether `cache` holds the server's packages in the needed versions."""
    return _install_folder(cache).is_dir()


def install_packages(cache: Path, stop: threading.Event | None = None) -> Path:
    """Install the server's packages into `cache` unless they are there.

    Returns the folder that the server runs from. Raises LaunchError and DemoStoppedError.
    """
    cache.mkdir(parents=True, exist_ok=True)
    home = _install_folder(cache)
    if not home.is_dir():
        # The folder gets its final name only when it is complete, so an interrupted start
        # leaves no half installation.
        with tempfile.TemporaryDirectory(
            prefix="installing-", dir=cache, ignore_cleanup_errors=True
        ) as folder:
            packages = Path(folder) / "packages"
            _fetch_packages(packages, cache / "npm.log", stop or threading.Event())
            _move_folder(packages, home)
    for name in PROGRAM:
        _copy_if_changed(SOURCE / name, home / name)
    return home


def _install_folder(cache: Path) -> Path:
    # The lock's digest is in the name: two versions of the demo side by side need two folders.
    return cache / f"fhir-server-{sha256((SOURCE / LOCK).read_bytes()).hexdigest()[:12]}"


def _fetch_packages(folder: Path, log: Path, stop: threading.Event) -> None:
    folder.mkdir()
    for name in (LOCK, "package.json"):
        shutil.copyfile(SOURCE / name, folder / name)
    command = (*find_node().npm, *NPM_INSTALL, *NPM_RETRIES)
    with run_process("npm", command, log, cwd=folder) as npm:
        exit_code = wait_for_exit(npm, stop)
    if exit_code != 0:
        raise LaunchError(
            "npm could not fetch the FHIR server's packages, which the first start needs: "
            "is there a network? Start again when there is, "
            f"or use a FHIR server of your own with --fhir URL; npm's messages are in {log}."
        )


def _move_folder(source: Path, home: Path) -> None:
    try:
        source.rename(home)
    except OSError:
        # Another start of the demo was faster: its folder is as good.
        if not home.is_dir():
            raise


def _copy_if_changed(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


@contextmanager
def launch_server(
    cache: Path, log: Path, port: int = 0, stop: threading.Event | None = None
) -> Iterator[FhirServer]:
    """Run the FHIR server; it and all its child processes end with the block."""
    home = install_packages(cache, stop)
    with run_process(NAME, (find_node().node, "server.mjs", str(port)), log, cwd=home) as process:
        url = wait_for_ready(process, stop or threading.Event())
        if url is None:
            raise LaunchError(
                f"The FHIR server did not start; its last message: {process.read_last_line()}. "
                f"{log} has all of them."
            )
        yield FhirServer(url, process)
