"""The wheel, built from the source distribution, is complete and runs without a checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.command_site import write_site
from tests.support.prerequisites import skip_or_fail

ROOT = Path(__file__).parents[2]
CARRIED = (
    ("intake", "intake"),
    ("fhir_client", "fhir_client"),
    ("config", "intake/config"),
    ("translations", "intake/translations"),
)
SECONDS = 30


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, which was built from here."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        skip_or_fail("the wheel is built with uv, which is not here: `pip install uv`")
    out = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        (uv, "build", "--quiet", "--out-dir", str(out)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0 and "Failed to fetch" in built.stderr:
        skip_or_fail("building the wheel needs the package `hatchling`, and there is no network")
    assert built.returncode == 0, built.stderr
    [found] = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site's folder, far from any checkout."""
    write_site(tmp_path, "http://127.0.0.1:9/fhir")
    intake = (tmp_path / "intake.toml").read_text("utf-8")
    (tmp_path / "intake.toml").write_text(f'languages = ["en", "es", "ar"]\n{intake}', "utf-8")
    return tmp_path


def command(unpacked: Path, site: Path, *words: str) -> dict[str, object]:
    """Return the arguments of a process that runs a command of the wheel."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "INTAKE_CONFIG": str(site)}
    return {
        "args": (sys.executable, "-m", "intake", *words),
        "cwd": site,
        "env": environment,
        "text": True,
    }


def run(unpacked: Path, site: Path, *words: str) -> str:
    done = subprocess.run(**command(unpacked, site, *words), capture_output=True, check=False)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.fixture
def served(unpacked: Path, site: Path) -> Iterator[str]:
    """The address at which the wheel's pages are served."""
    run(unpacked, site, "keys", "new")
    run(unpacked, site, "migrate")
    with subprocess.Popen(
        **command(unpacked, site, "web", "--port", "0"), stdout=subprocess.PIPE
    ) as process:  # type: ignore[call-overload]
        yield process.stdout.readline().split()[2]
        process.terminate()


def test_carries_every_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(
        ("git", "ls-files", "-co", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode != 0:
        skip_or_fail("which files belong to the project is asked of git, and this is no checkout")
    files = [name for name in tracked.stdout.splitlines() if (ROOT / name).is_file()]
    assert held == {
        name.replace(source, target, 1)
        for name in files
        for source, target in CARRIED
        if name.startswith(f"{source}/")
    }


def test_lists_the_commands(unpacked: Path, site: Path) -> None:
    assert "serve" in run(unpacked, site, "--help")


def test_serves_pages_with_templates_styles_and_translations(served: str) -> None:
    assert requests.get(f"{served}/ready", timeout=SECONDS).text == "ready\n"
    page = requests.get(f"{served}/nowhere", headers={"Accept-Language": "ar"}, timeout=SECONDS)
    assert 'lang="ar" dir="rtl"' in page.text
    assert (
        requests.get(f"{served}/static/pages/look.css", timeout=SECONDS)
        .headers["Content-Type"]
        .startswith("text/css")
    )
