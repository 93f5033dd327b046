"""The documents link to what exists, and the commit hooks run what CI runs."""

import re
from pathlib import Path

import pytest

from tests.structure.conftest import NOT_OURS, ROOT, project_files

DOCUMENTS = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(part in NOT_OURS or part.startswith((".venv", ".pytest")) for part in path.parts)
]
SUFFIXES = (".py", ".toml", ".html", ".mjs", ".js", ".css", ".md", ".conf", ".service", ".yaml")
CONFIG_FILES = [path for path in sorted((ROOT / "config").rglob("*")) if path.suffix in SUFFIXES]
CITATION = re.compile(r"(?<![\w./*-])[\w./-]*\w\.md\b")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")


def heading_anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_existing_files_and_headings(document: Path) -> None:
    broken = []
    for link in LINK.findall(document.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in heading_anchors(target)):
            broken.append(link)
    assert broken == []


def test_cites_only_documents_that_exist() -> None:
    names = {path.name for path in DOCUMENTS}
    missing = {
        f"{path.relative_to(ROOT)}: {citation}"
        for path in (*project_files(*SUFFIXES), *CONFIG_FILES, *DOCUMENTS)
        for citation in CITATION.findall(path.read_text("utf-8"))
        # A path must lead somewhere, from the root or from the file; a bare name must exist.
        if not (ROOT / citation).exists()
        and not (path.parent / citation).exists()
        and ("/" in citation or citation not in names)
    }
    assert missing == set()


def test_commit_hooks_run_what_ci_runs_first() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    first = ci[ci.index('step "lint"') : ci.index('step "benchmarks"')]
    in_hooks = re.findall(
        r"entry: uv run --no-sync (.*?)(?: --force-exclude)?$", hooks, re.MULTILINE
    )
    in_ci = re.findall(r"^uv run --no-sync (.*?)(?: \.)?$", first, re.MULTILINE)
    assert in_hooks == in_ci
