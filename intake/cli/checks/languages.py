"""Checks that every configured language is complete, and names its translators and reviewers."""

from collections.abc import Iterator

from intake.diagnostics.findings import (
    Finding,
    good_finding,
    unreviewed_finding,
    wrong_finding,
)
from intake.i18n import SOURCE, lint, read_ledger
from intake.questions import question_texts
from intake.settings import Settings

ABOUT = "languages"


def check_languages(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each language, by the same measure that the pages use when they start."""
    messages = {text.message for text in question_texts(settings.question_set)}
    for tag in settings.languages:
        # The first fault is shown here; `intake i18n check` lists all of them.
        if faults := lint.find_language_faults(tag, messages):
            more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
            yield wrong_finding(
                ABOUT,
                f"{tag} is not offered: {faults[0]}{more}",
                f"`intake i18n check {tag}` names every fault.",
            )
        else:
            yield _judge_review(tag)


def _judge_review(tag: str) -> Finding:
    """Return the finding about a complete language: good only if a speaker has reviewed it."""
    if tag == SOURCE:
        return good_finding(ABOUT, f"{tag} is complete, the language of the messages")
    entry = read_ledger()[tag]
    summary = f"{tag} is complete; drafted: {entry.drafted}"
    if entry.reviewed:
        return good_finding(ABOUT, f"{summary}; reviewed: {entry.reviewed}")
    return unreviewed_finding(
        ABOUT,
        f"{summary}; no native speaker has reviewed it",
        "translations/README.md says how to review it; "
        "until then, offer it only if your clinic accepts a draft.",
    )
