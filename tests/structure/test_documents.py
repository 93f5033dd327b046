"""A document or comment that names a file names one that exists, and each link leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.structure.conftest import NOT_OURS, ROOT

LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
DOCUMENT = re.compile(r"(?<![\w/:.-])[\w./-]*\w\.md\b")
FILE = re.compile(
    r"(?<![\w/.-])(?:intake|fhir_client|tests|config|translations)(?:/[\w.-]+)+\.(?:py|toml|json|md)\b"
)
WRITTEN = (".py", ".toml", ".md", ".html", ".css", ".js")
INVENTED = {"config/questions/one.toml"}
"""A file that a test makes for itself."""
FOLDERS = ("intake", "fhir_client", "tests", "config", "translations", ".github")


def written_files(*endings: str) -> Iterator[Path]:
    """Yield every file of the project with one of the endings, also those beside the rooms."""
    yield from (path for path in sorted(ROOT.iterdir()) if path.suffix in endings)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings and not NOT_OURS & set(path.parts):
                yield path


def heading_anchors(text: str) -> set[str]:
    """Return the anchors that a forge gives to the headings of a Markdown text."""
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> Iterator[str]:
    text = CODE_BLOCK.sub("", page.read_text("utf-8"))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (
            anchor and anchor not in heading_anchors(linked.read_text("utf-8"))
        ):
            yield target


def missing_files(path: Path) -> Iterator[str]:
    # The words of a link may shorten its target, which has a test of its own.
    text = LINK.sub(r"\1", path.read_text("utf-8"))
    for name in {*DOCUMENT.findall(text), *FILE.findall(text)} - INVENTED:
        if not any((folder / name).exists() for folder in (path.parent, ROOT)):
            yield name


def test_every_link_of_a_document_leads_somewhere() -> None:
    pages = list(written_files(".md"))
    assert len(pages) > 5
    broken = {str(page.relative_to(ROOT)): list(broken_links(page)) for page in pages}
    assert {page: targets for page, targets in broken.items() if targets} == {}


def test_every_file_that_is_named_exists() -> None:
    missing = {
        str(path.relative_to(ROOT)): sorted(missing_files(path))
        for path in written_files(*WRITTEN)
        if path != Path(__file__)
    }
    assert {path: names for path, names in missing.items() if names} == {}


def test_a_broken_link_and_a_missing_file_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One title\n[a](#one-title) [b](#two) [c](gone.md) [d](page.md)\n", "utf-8")
    assert list(broken_links(page)) == ["#two", "gone.md"]
    source = tmp_path / "source.py"
    source.write_text('"""See RULES.md and page.md and tests/nowhere.py."""\n', "utf-8")
    assert sorted(missing_files(source)) == ["RULES.md", "tests/nowhere.py"]


def test_commit_hooks_run_what_ci_runs_first() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    first = ci[ci.index('step "lint"') : ci.index('step "benchmarks"')]
    in_hooks = re.findall(
        r"entry: uv run --no-sync (.*?)(?: --force-exclude)?$", hooks, re.MULTILINE
    )
    in_ci = re.findall(r"^uv run --no-sync (.*?)(?: \.)?$", first, re.MULTILINE)
    assert in_hooks == in_ci
