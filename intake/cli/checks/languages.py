"""Whether every language that the site names is whole, and who stands behind its translations."""

from collections.abc import Iterator

from intake.i18n import SOURCE, ledger, lint
from intake.questions import texts
from intake.settings import Settings
from intake.sync.probe.findings import Finding, good, wrong

ABOUT = "languages"


def languages(settings: Settings) -> Iterator[Finding]:
    """Yield how each language stands, measured as the pages measure it when they start."""
    asked = {each.words for each in texts(settings.question_set)}
    for tag in settings.languages:
        if found := lint.faults(tag, asked):
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            yield wrong(
                ABOUT,
                f"{tag} is not offered: {found[0]}{more}",
                f"`intake i18n check {tag}` names every fault.",
            )
        else:
            yield good(ABOUT, f"{tag} is whole{_standing(tag)}")


def _standing(tag: str) -> str:
    if tag == SOURCE:
        return ", the language of the messages"
    entry = ledger()[tag]
    return f"; drafted: {entry.drafted}; {f'reviewed: {entry.reviewed}' if entry.reviewed else 'not reviewed yet'}"
