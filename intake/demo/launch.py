"""Starts the demo's FHIR server, Medplum's own router over memory, with packages that are fetched once and kept."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake.demo.node import find_node
from intake.demo.processes import DemoFault, Running, finished, ready_line, running

SOURCE = Path(__file__).parent / "fhir_server"
NAME = "the FHIR server"


class LaunchFault(DemoFault):
    """The FHIR server did not start; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class FhirServer:
    """The FHIR server at its base URL."""

    url: str
    running: Running


def is_installed(cache: Path) -> bool:
    """Return whether the server's packages are in the folder `cache`, of the versions that it needs."""
    installed = cache / "fhir-server" / "installed.json"
    return installed.exists() and installed.read_bytes() == (SOURCE / "package-lock.json").read_bytes()


def install(cache: Path, stop: threading.Event | None = None) -> Path:
    """Install the server's packages into the folder `cache` unless they are there; returns the folder it runs from."""
    home = cache / "fhir-server"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.mjs", "repository.mjs"):
        shutil.copyfile(SOURCE / name, home / name)
    if is_installed(cache):
        return home
    command = (*find_node().npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    log = home / "npm.log"
    with running("npm", command, log, cwd=home) as npm:
        code = finished(npm, stop or threading.Event())
    if code != 0:
        raise LaunchFault(
            "The FHIR server's packages could not be fetched with npm: is there a network, and does npm know the way through "
            f"your proxy or to your mirror? Try again then, or use a FHIR server of your own: intake demo --fhir URL. {log} "
            "has npm's own words."
        )
    (home / "installed.json").write_bytes((SOURCE / "package-lock.json").read_bytes())
    return home


@contextmanager
def launched(cache: Path, log: Path, port: int = 0, stop: threading.Event | None = None) -> Iterator[FhirServer]:
    """Run the FHIR server; it and everything it started end with the block."""
    home = install(cache, stop)
    with running(NAME, (find_node().node, "server.mjs", str(port)), log, cwd=home) as server:
        url = ready_line(server, stop or threading.Event())
        if url is None:
            raise LaunchFault(f"The FHIR server did not start; its last words: {server.last_words()}. {log} has them all.")
        yield FhirServer(url, server)


@contextmanager
def medplum(cache: Path, port: int = 0) -> Iterator[str]:
    """Run the FHIR server and yield its base URL."""
    with launched(cache, cache / "fhir-server.log", port) as server:
        yield server.url
