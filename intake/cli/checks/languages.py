"""Checks that every configured language is complete, and names its translators and reviewers."""

from collections.abc import Iterator

from intake.diagnostics.findings import Finding, good_finding, wrong_finding
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
            yield good_finding(ABOUT, f"{tag} is complete{_describe_origin(tag)}")


def _describe_origin(tag: str) -> str:
    if tag == SOURCE:
        return ", the language of the messages"
    entry = read_ledger()[tag]
    review = f"reviewed: {entry.reviewed}" if entry.reviewed else "not reviewed yet"
    return f"; drafted: {entry.drafted}; {review}"
