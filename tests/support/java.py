"""Builds Java programs that tests need once with Maven, in a folder that is kept."""

import os
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from tests.support.prerequisites import skip_or_fail

OLDEST = 17
ADVICE = (
    "needs a JDK 17 or newer and Maven (on Debian: apt-get install openjdk-17-jdk-headless maven)"
)


def cache_folder() -> Path:
    """Return the folder that keeps what was built or downloaded for the next run."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("INTAKE_TESTS_CACHE") or Path(base) / "intake-tests")


def find_java() -> str:
    """Return the path of a java that is new enough, or skip the test."""
    java = shutil.which("java")
    version_text = (
        ""
        if java is None
        else subprocess.run((java, "-version"), capture_output=True, text=True, check=False).stderr
    )
    version = re.search(r'version "(\d+)', version_text)
    if java is None or version is None or int(version[1]) < OLDEST:
        skip_or_fail(f"this test {ADVICE}")
    return java


def build_program(name: str, source: Path) -> str:
    """Return the class path of the program in the folder `source`.

    The folder has pom.xml and *.java. The program is built unless the cache folder has it.
    """
    files = sorted((source / "pom.xml", *source.glob("*.java")))
    digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    home = cache_folder() / f"{name}-{digest}"
    if not (home / "built").exists():
        find_java()
        _build(files, home)
    return os.pathsep.join(map(str, (home / "target" / "classes", home / "target" / "lib" / "*")))


def _build(files: list[Path], home: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        skip_or_fail(f"this test {ADVICE}")
    home.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, home / file.name)
    log = home / "maven.log"
    with log.open("wb") as out:
        done = subprocess.run(
            (maven, "-q", "-B", "compile"),
            cwd=home,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode != 0:
        skip_or_fail(
            f"Maven could not build it. The first build needs a network. Maven's own words: {log}"
        )
    (home / "built").touch()
