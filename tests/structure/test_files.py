"""Short files, docstrings, escaped templates, honest tests, and one set of pinned versions."""

import re
import tomllib

from tests.structure.conftest import ROOT, project_files

LONGEST = 300
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def name_of(requirement: str) -> str:
    """Return a requirement's name in the form in which PyPI compares names."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def pins(text: str) -> dict[str, str]:
    return {name_of(name): number for name, number in PINNED.findall(text)}


CONSTRAINTS = pins("\n".join(PROJECT["tool"]["uv"]["constraint-dependencies"]))


def test_has_no_file_over_300_lines() -> None:
    sizes = {
        path: len(path.read_text("utf-8").splitlines())
        for path in project_files(".py", ".mjs", ".js", ".css", ".html")
    }
    assert sizes
    assert {
        str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > LONGEST
    } == {}


def test_has_a_docstring_in_every_module() -> None:
    quiet = [
        path
        for path in project_files(".py")
        if path.stat().st_size and not path.read_text("utf-8").startswith(('"""', "#!"))
    ]
    assert quiet == []


def test_escapes_in_every_template() -> None:
    templates = list(project_files(".html"))
    assert templates
    loud = re.compile(r"\|\s*safe\b|autoescape\s+false|Markup\(")
    assert [path for path in templates if loud.search(path.read_text("utf-8"))] == []


def test_has_no_test_that_sleeps_or_expects_to_fail() -> None:
    lazy = re.compile(r"\b(?:time\.)?sleep\(|mark\.xfail|pytest\.xfail")
    found = [
        path
        for path in project_files(".py")
        if "tests" in path.relative_to(ROOT).parts and path.name != "test_files.py"
    ]
    assert [
        path
        for path in found
        if lazy.search(path.read_text("utf-8")) and "benchmarks" not in path.parts
    ] == []


def test_names_equal_versions_in_constraints_and_lock() -> None:
    locked = pins(LOCK)
    assert locked
    assert {
        name: number for name, number in locked.items() if CONSTRAINTS.get(name) != number
    } == {}


def test_pins_every_requirement() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    groups = PROJECT["dependency-groups"].values()
    own_name = PROJECT["project"]["name"]
    shipped = [*PROJECT["project"]["dependencies"], *extras["postgres"]]
    wanted = {
        name_of(each)
        for each in (
            *shipped,
            *extras["demo"],
            *(each for group in groups for each in group if isinstance(each, str)),
        )
    } - {own_name}
    assert wanted - set(CONSTRAINTS) == set()
    assert {name_of(each) for each in shipped} - set(pins(LOCK)) == set()


def test_has_hashes_and_no_index_address_in_the_lock() -> None:
    entries = LOCK.split("\n")
    assert not re.search(r"https?://|--(?:extra-)?index|--find-links", LOCK)
    bare = [
        line
        for place, line in enumerate(entries)
        if PINNED.match(line) and "--hash=sha256:" not in entries[place + 1]
    ]
    assert bare == []
