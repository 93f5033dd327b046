"""Judges thousands of generated submissions in every version of US Core.

`python -m tests.validator.corpus [--submissions 5000] [--us-core VERSION …] [--result FILE]`

It works in parts and notes each one, so that an interrupted run goes on later.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.support import markdown
from tests.support.generated_cases import GeneratedCase, Json, build_case_bundle, generate_cases
from tests.support.java import cache_folder
from tests.support.us_core_bindings import VERSIONS
from tests.validator.judge import SOURCE, run_judge

SEED = 20261124
PART_SIZE = 100
"""Submissions between two notes: an interrupted run loses that many at most."""
ROUND_SIZE = 1000
"""Submissions in one version before the next one's turn, so that a short run judges each."""
JUDGE_SOURCES = ("judge.py", "packages.py", "terminology.py", "java/Judge.java")


@dataclass(frozen=True, slots=True)
class CorpusPart:
    """Some Bundles in one version.

    `digest` is of the Bundles and the judge: a change of either has the part judged again.
    """

    version: str
    bundles: tuple[Json, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a part: the number of Bundles judged, and every error."""

    digest: str
    version: str
    judged: int
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The verdicts of all runs, one a line of a file."""

    file: Path

    def read_verdicts(self) -> dict[str, Verdict]:
        """Return the verdicts by digest, without the half line of an interrupted run."""
        lines = self.file.read_text("utf-8").splitlines(keepends=True) if self.file.exists() else []
        rows = [json.loads(line) for line in lines if line.endswith("\n")]
        return {row["digest"]: Verdict(**{**row, "errors": tuple(row["errors"])}) for row in rows}

    def add_verdict(self, verdict: Verdict) -> None:
        """Add a verdict."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as out:
            out.write(f"{json.dumps(asdict(verdict))}\n")


def build_part(version: str, cases: Sequence[GeneratedCase]) -> CorpusPart:
    """Return the Bundles that `intake bundle` writes for the cases in the version."""
    bundles = tuple(build_case_bundle(case, version) for case in cases)
    content = json.dumps([version, _judge_digest(), bundles], sort_keys=True)
    return CorpusPart(version, bundles, sha256(content.encode()).hexdigest())


@cache
def _judge_digest() -> str:
    """Return the digest of the judge's sources."""
    files = (*(SOURCE.parent / name for name in JUDGE_SOURCES), SOURCE / "pom.xml")
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def judge_corpus(count: int, versions: Sequence[str], ledger: Ledger) -> Iterator[Verdict]:
    """Yield the verdict of each part of the first `count` submissions in each of the versions."""
    verdicts, cases = ledger.read_verdicts(), islice(generate_cases(SEED, count), count)
    while round_cases := list(islice(cases, ROUND_SIZE)):
        for version in versions:
            parts = [
                build_part(version, round_cases[first : first + PART_SIZE])
                for first in range(0, len(round_cases), PART_SIZE)
            ]
            yield from (verdicts[part.digest] for part in parts if part.digest in verdicts)
            unjudged = [part for part in parts if part.digest not in verdicts]
            yield from _judge_parts(version, unjudged, ledger)


def _judge_parts(version: str, parts: Sequence[CorpusPart], ledger: Ledger) -> Iterator[Verdict]:
    """Yield the verdict of each part."""
    if not parts:
        # A judge takes half a minute to start.
        return
    with run_judge(version) as judge:
        for part in parts:
            errors = tuple(
                error
                for bundle_errors in judge.find_errors(part.bundles)
                for error in bundle_errors
            )
            verdict = Verdict(part.digest, version, len(part.bundles), errors)
            ledger.add_verdict(verdict)
            yield verdict


def summarize_verdicts(verdicts: Sequence[Verdict], asked: int, on: datetime) -> Json:
    """Return the numbers of Bundles and errors in each version, of `asked` submissions."""
    versions = {
        version: {
            "judged": sum(row.judged for row in verdicts if row.version == version),
            "errors": sum(len(row.errors) for row in verdicts if row.version == version),
        }
        for version in dict.fromkeys(row.version for row in verdicts)
    }
    return {"on": on.date().isoformat(), "seed": SEED, "asked": asked, "versions": versions}


def result_table(result: Mapping[str, Any]) -> str:
    """Return the result as a Markdown table."""
    rows = (
        (version, f"{counts['judged']:,}", f"{counts['errors']:,}")
        for version, counts in result["versions"].items()
    )
    table = markdown.render_table(("US Core", "judged", "errors"), rows)
    return f"{table}\nJudged on {result['on']}.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the corpus; returns 1 where a Bundle has an error."""
    parser = argparse.ArgumentParser(prog="python -m tests.validator.corpus", description=__doc__)
    parser.add_argument(
        "--submissions",
        type=int,
        default=5000,
        metavar="N",
        help="number of different submissions (default: 5000)",
    )
    parser.add_argument(
        "--us-core",
        nargs="+",
        choices=VERSIONS,
        default=VERSIONS,
        metavar="VERSION",
        help="versions to judge in (default: all)",
    )
    parser.add_argument(
        "--result",
        type=Path,
        metavar="FILE",
        help="write the result to FILE, as JSON",
    )
    args = parser.parse_args(arguments)
    verdicts: list[Verdict] = []
    ledger = Ledger(cache_folder() / "corpus.ndjson")
    try:
        for verdict in judge_corpus(args.submissions, args.us_core, ledger):
            verdicts.append(verdict)
            print(
                f"{verdict.version}: {verdict.judged} judged, {len(verdict.errors)} errors",
                file=sys.stderr,
                flush=True,
            )
    except pytest.skip.Exception as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The next run goes on from here.", file=sys.stderr)
    result = json.dumps(summarize_verdicts(verdicts, args.submissions, datetime.now(UTC)), indent=2)
    print(result)
    if args.result:
        args.result.write_text(f"{result}\n", "utf-8")
    for error in sorted({error for verdict in verdicts for error in verdict.errors}):
        print(error, file=sys.stderr)
    return 1 if any(verdict.errors for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
