"""Starts the demo's FHIR server, Medplum's own router over memory, with packages that are fetched once and kept."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from intake.demo.node import find_node
from intake.demo.processes import DemoError, DemoProcess, run_process, wait_for_exit, wait_for_ready

SOURCE = Path(__file__).parent / "fhir_server"
LOCK = "package-lock.json"
PROGRAM = ("server.mjs", "repository.mjs")
# Without a network npm would go on trying for more than a minute before it says so.
PATIENCE = (
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
    "--fetch-timeout=60000",
)
NPM_INSTALL = ("ci", "--no-audit", "--no-fund", "--ignore-scripts")
NAME = "the FHIR server"


class LaunchError(DemoError):
    """The FHIR server did not start; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class FhirServer:
    """The FHIR server at its base URL."""

    url: str
    running: DemoProcess


def is_installed(cache: Path) -> bool:
    """Return whether the server's packages are in the folder `cache`, of the versions that it needs."""
    return _home(cache).is_dir()


def install_packages(cache: Path, stop: threading.Event | None = None) -> Path:
    """Install the server's packages into the folder `cache` unless they are there; returns the folder it runs from."""
    cache.mkdir(parents=True, exist_ok=True)
    home = _home(cache)
    if not home.is_dir():
        with tempfile.TemporaryDirectory(
            prefix="installing-", dir=cache, ignore_cleanup_errors=True
        ) as folder:
            _fetch(Path(folder) / "it", cache / "npm.log", stop or threading.Event())
            _move(Path(folder) / "it", home)
    for name in PROGRAM:
        _copy_if_other(SOURCE / name, home / name)
    return home


def _home(cache: Path) -> Path:
    # The lock's digest names the folder, so that versions of the demo side by side do not take it from one another.
    return cache / f"fhir-server-{sha256((SOURCE / LOCK).read_bytes()).hexdigest()[:12]}"


def _fetch(into: Path, log: Path, stop: threading.Event) -> None:
    into.mkdir()
    for name in (LOCK, "package.json"):
        shutil.copyfile(SOURCE / name, into / name)
    with run_process("npm", (*find_node().npm, *NPM_INSTALL, *PATIENCE), log, cwd=into) as npm:
        code = wait_for_exit(npm, stop)
    if code != 0:
        raise LaunchError(
            "npm could not fetch the FHIR server's packages, which the first start needs: is there a network? Start again when "
            f"there is, or use a FHIR server of your own with --fhir URL; npm's own words are in {log}."
        )


def _move(whole: Path, home: Path) -> None:
    try:
        whole.rename(home)
    except OSError:
        # Another start was faster: its folder is as good.
        if not home.is_dir():
            raise


def _copy_if_other(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


@contextmanager
def launch_server(
    cache: Path, log: Path, port: int = 0, stop: threading.Event | None = None
) -> Iterator[FhirServer]:
    """Run the FHIR server; it and everything it started end with the block."""
    home = install_packages(cache, stop)
    with run_process(NAME, (find_node().node, "server.mjs", str(port)), log, cwd=home) as server:
        url = wait_for_ready(server, stop or threading.Event())
        if url is None:
            raise LaunchError(
                f"The FHIR server did not start; its last words: {server.read_last_line()}. {log} has them all."
            )
        yield FhirServer(url, server)


@contextmanager
def run_medplum(cache: Path, port: int = 0) -> Iterator[str]:
    """Run the FHIR server and yield its base URL."""
    with (
        tempfile.TemporaryDirectory(prefix="intake-fhir-") as folder,
        launch_server(cache, Path(folder) / "log", port) as server,
    ):
        yield server.url
