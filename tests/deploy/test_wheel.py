"""The wheel, built from the source distribution, is complete and runs without a checkout."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from intake.shipped import DISTRIBUTION, POSTGRES_HINT
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
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def build(source: Path, out: Path) -> Path:
    """Build both distributions of the checkout into `out`; return the wheel."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        skip_or_fail("the wheel is built with uv, which is not here: `pip install uv`")
    built = subprocess.run(
        (uv, "build", "--quiet", "--out-dir", str(out)),
        cwd=source,
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


def project_names() -> list[str]:
    """Return the paths of the project's files, as git knows them."""
    tracked = subprocess.run(
        ("git", "ls-files", "-co", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode != 0:
        skip_or_fail("which files belong to the project is asked of git, and this is no checkout")
    return [name for name in tracked.stdout.splitlines() if (ROOT / name).is_file()]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("intake_uscore-*")
    }


def test_builds_the_same_bytes_from_a_copy(wheel: Path, tmp_path: Path) -> None:
    source = tmp_path / "another checkout"
    for name in project_names():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        # Without copystat the copy has other times, and the umask decides on its mode.
        shutil.copyfile(ROOT / name, source / name)
        (source / name).chmod(0o700 if (ROOT / name).stat().st_mode & 0o100 else 0o600)
    build(source, tmp_path / "dist")
    assert len(digests(wheel.parent)) == 2
    assert digests(tmp_path / "dist") == digests(wheel.parent)


def test_names_the_distribution_as_the_hints_do(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == DISTRIBUTION
    assert f"pip install '{DISTRIBUTION}[postgres]'" in POSTGRES_HINT
    with zipfile.ZipFile(wheel) as archive:
        [name] = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
        [entries] = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        assert "intake = intake.cli:main" in archive.read(entries).decode()
    assert set(metadata.get_all("Provides-Extra", [])) == {"postgres", "pdf", "demo"}
    for field in ("Summary", "Author", "Keywords", "License-Expression", "Requires-Python"):
        assert metadata[field]
    assert len(metadata.get_all("Classifier", [])) > 5
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_names_no_other_distribution_in_a_hint() -> None:
    hint = re.compile(r"pip install (?:-\S+ )*['\"]?intake(?![-_]uscore)")
    told = [name for name in project_names() if name.endswith((".py", ".md", ".toml", ".html"))]
    assert [name for name in told if hint.search((ROOT / name).read_text("utf-8"))] == []


@pytest.mark.server
def test_runs_the_demo(unpacked: Path, site: Path, packages: Path) -> None:
    demo = command(unpacked, site, "demo", "--port", "0")
    demo["env"] = {**os.environ, "PYTHONPATH": str(unpacked), "INTAKE_DATA": str(site / "data")}
    (site / "data" / "demo").mkdir(parents=True)
    for package in packages.glob("fhir-server-*"):
        (site / "data" / "demo" / package.name).symlink_to(package, target_is_directory=True)
    with subprocess.Popen(**demo, stdout=subprocess.PIPE) as process:  # type: ignore[call-overload]
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()
    assert [line.split()[:2] for line in lines] == [
        ["ready", name] for name in ("kiosk", "link", "staff", "fhir")
    ]


def test_carries_every_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {
        name.replace(source, target, 1)
        for name in project_names()
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
