"""The README agrees with the project: its two commands, results, links, commands, dependencies."""

import re
import tomllib
from itertools import chain
from pathlib import Path

from intake.cli import COMMANDS
from tests.support.result_tables import PAGE, insert_results

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
WITH_VENV = "python3 -m venv .uv && .uv/bin/pip install uv"
WITH_PIP = "python3 -m pip install --upgrade --target .uv uv"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_has_its_two_commands_on_lines_of_their_own() -> None:
    assert re.findall(r"^    (\S.*)$", README, re.MULTILINE)[:2] == [
        f"({WITH_VENV} || {WITH_PIP}) && .uv/bin/uv run --no-dev intake demo",
        "uv run pytest",
    ]


def test_the_page_of_results_shows_what_the_runs_wrote() -> None:
    assert insert_results(PAGE.read_text("utf-8")) == PAGE.read_text("utf-8")


def test_the_readme_has_at_most_200_lines() -> None:
    assert len(README.splitlines()) <= 200


def test_links_only_to_existing_files() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).is_file()] == []
    assert all(words for words in re.findall(r"!\[(.*?)\]", README))


def test_names_only_commands_that_exist() -> None:
    assert set(re.findall(r"(?:uv run |`)intake ([a-z]+)", README)) <= set(COMMANDS)


def test_gives_a_reason_for_every_dependency() -> None:
    project = PROJECT["project"]
    needed = chain(project["dependencies"], *project["optional-dependencies"].values())
    reasons = "".join(re.findall(r"^\| ([a-z].*?) \|", README, re.MULTILINE))
    names = {re.split(r"[>\[;]", each)[0] for each in needed}
    assert {name for name in names if name not in reasons} == set()
