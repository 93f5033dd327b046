"""Whether every language that the site names is whole, and who stands behind its translations."""

from collections.abc import Iterator

from intake.diagnostics.findings import Finding, good_finding, wrong_finding
from intake.i18n import SOURCE, lint, read_ledger
from intake.questions import question_texts
from intake.settings import Settings

ABOUT = "languages"


def check_languages(settings: Settings) -> Iterator[Finding]:
    """Yield how each language stands, measured as the pages measure it when they start."""
    asked = {each.message for each in question_texts(settings.question_set)}
    for tag in settings.languages:
        if found := lint.find_language_faults(tag, asked):
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            yield wrong_finding(
                ABOUT,
                f"{tag} is not offered: {found[0]}{more}",
                f"`intake i18n check {tag}` names every fault.",
            )
        else:
            yield good_finding(ABOUT, f"{tag} is whole{_standing(tag)}")


def _standing(tag: str) -> str:
    if tag == SOURCE:
        return ", the language of the messages"
    entry = read_ledger()[tag]
    return f"; drafted: {entry.drafted}; {f'reviewed: {entry.reviewed}' if entry.reviewed else 'not reviewed yet'}"
