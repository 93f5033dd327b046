"""Starts and ends the demo's FHIR server, Medplum's own router over memory, in a process group of its own."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intake.demo.node import find_node

SOURCE = Path(__file__).parent / "fhir_server"
END_SECONDS = 5


class LaunchFault(Exception):
    """The FHIR server did not start; the words say why and what to do."""


def install(cache: Path) -> Path:
    """Install the server's packages into the folder `cache` unless they are there; returns the folder it runs from."""
    home = cache / "fhir-server"
    lock = (SOURCE / "package-lock.json").read_bytes()
    installed = home / "installed.json"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.mjs", "repository.mjs"):
        shutil.copyfile(SOURCE / name, home / name)
    if installed.exists() and installed.read_bytes() == lock:
        return home
    command = (*find_node().npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise LaunchFault("The FHIR server's packages could not be fetched with npm: is there a network? Try again then.")
    installed.write_bytes(lock)
    return home


@contextmanager
def medplum(cache: Path, port: int = 0) -> Iterator[str]:
    """Run the FHIR server and yield its base URL; it and everything it started end with the block."""
    home = install(cache)
    process = subprocess.Popen(  # noqa: S603
        (find_node().node, "server.mjs", str(port)),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield _ready(process)
    finally:
        end(process)


def _ready(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("ready "):
        raise LaunchFault("The FHIR server did not start: is its port in use? Choose another one.")
    return line.split()[1]


def end(process: subprocess.Popen[str]) -> None:
    """End the process and its whole group, politely first."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, how)
        try:
            process.wait(END_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdout:
        process.stdout.close()
