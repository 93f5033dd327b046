"""The corpus: thousands of generated submissions judged in every version of US Core, in parts, so that a run can go on later.

`python -m tests.validator.corpus [--submissions 5000] [--us-core VERSION …] [--result FILE]`
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
from tests.support.java import cache_folder as kept
from tests.support.us_core_bindings import VERSIONS
from tests.validator.judge import SOURCE, run_judge

SEED = 20261124
PART = 100
"""Submissions judged between two notes of what was judged: what an interrupted run loses at most."""
ROUND = 1000
"""Submissions judged in one version before the next one's turn: an interrupted run has judged something of each."""
WAYS = ("judging.py", "packages.py", "terminology.py", "java/Judge.java")


@dataclass(frozen=True, slots=True)
class CorpusPart:
    """Some Bundles in one version; `digest` names them and the judge, so that what changes is judged again."""

    version: str
    bundles: tuple[Json, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a part: how many were judged, and every error found."""

    digest: str
    version: str
    judged: int
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The verdicts of all runs, one a line of a file."""

    file: Path

    def verdicts(self) -> dict[str, Verdict]:
        """Return the verdicts by digest; a line that an interrupted run left half written counts as none."""
        lines = self.file.read_text("utf-8").splitlines(keepends=True) if self.file.exists() else []
        found = (json.loads(each) for each in lines if each.endswith("\n"))
        return {
            each["digest"]: Verdict(**{**each, "errors": tuple(each["errors"])}) for each in found
        }

    def add_verdict(self, verdict: Verdict) -> None:
        """Add a verdict."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as out:
            out.write(f"{json.dumps(asdict(verdict))}\n")


def build_part(version: str, some: Sequence[GeneratedCase]) -> CorpusPart:
    """Return the Bundles that `intake bundle` writes for the cases in the version."""
    found = tuple(build_case_bundle(each, version) for each in some)
    named = json.dumps([version, _judge(), found], sort_keys=True)
    return CorpusPart(version, found, sha256(named.encode()).hexdigest())


@cache
def _judge() -> str:
    """Return the digest of the judge's sources."""
    files = (*(SOURCE.parent / each for each in WAYS), SOURCE / "pom.xml")
    return sha256(b"".join(each.read_bytes() for each in files)).hexdigest()


def judge_corpus(count: int, versions: Sequence[str], ledger: Ledger) -> Iterator[Verdict]:
    """Yield the verdict of each part of the first `count` submissions in each of the versions."""
    known, source = ledger.verdicts(), islice(generate_cases(SEED, count), count)
    while some := list(islice(source, ROUND)):
        for version in versions:
            parts = [
                build_part(version, some[first : first + PART])
                for first in range(0, len(some), PART)
            ]
            yield from (known[each.digest] for each in parts if each.digest in known)
            yield from _judged(
                version, [each for each in parts if each.digest not in known], ledger
            )


def _judged(version: str, parts: Sequence[CorpusPart], ledger: Ledger) -> Iterator[Verdict]:
    """Yield the verdicts of what was not judged before; a judge is started only where there is any."""
    if not parts:
        return
    with run_judge(version) as judge:
        for each in parts:
            errors = tuple(error for found in judge.find_errors(each.bundles) for error in found)
            verdict = Verdict(each.digest, version, len(each.bundles), errors)
            ledger.add_verdict(verdict)
            yield verdict


def summarize_verdicts(verdicts: Sequence[Verdict], asked: int, on: datetime) -> Json:
    """Return what was judged and found in each version, of `asked` submissions."""
    versions = {
        version: {
            "judged": sum(each.judged for each in verdicts if each.version == version),
            "errors": sum(len(each.errors) for each in verdicts if each.version == version),
        }
        for version in dict.fromkeys(each.version for each in verdicts)
    }
    return {"on": on.date().isoformat(), "seed": SEED, "asked": asked, "versions": versions}


def result_table(found: Mapping[str, Any]) -> str:
    """Return the result as a table for README.md."""
    counts = (
        (version, f"{each['judged']:,}", f"{each['errors']:,}")
        for version, each in found["versions"].items()
    )
    return f"{markdown.render_table(('US Core', 'judged', 'errors'), counts)}\nJudged on {found['on']}.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge; returns 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.validator.corpus", description=__doc__)
    parser.add_argument(
        "--submissions",
        type=int,
        default=5000,
        metavar="N",
        help="how many different ones (default: 5000)",
    )
    parser.add_argument(
        "--us-core",
        nargs="+",
        choices=VERSIONS,
        default=VERSIONS,
        metavar="VERSION",
        help="default: every one",
    )
    parser.add_argument(
        "--result",
        type=Path,
        metavar="FILE",
        help="write what was judged and found to FILE, as JSON",
    )
    args = parser.parse_args(arguments)
    verdicts: list[Verdict] = []
    try:
        for each in judge_corpus(args.submissions, args.us_core, Ledger(kept() / "corpus.ndjson")):
            verdicts.append(each)
            print(
                f"{each.version}: {each.judged} judged, {len(each.errors)} errors",
                file=sys.stderr,
                flush=True,
            )
    except pytest.skip.Exception as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next run goes on from here.", file=sys.stderr)
    found = json.dumps(summarize_verdicts(verdicts, args.submissions, datetime.now(UTC)), indent=2)
    print(found)
    if args.result:
        args.result.write_text(f"{found}\n", "utf-8")
    for error in sorted({error for each in verdicts for error in each.errors}):
        print(error, file=sys.stderr)
    return 1 if any(each.errors for each in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
