"""Whether a profile that maps our questions to an EHR's own questionnaire maps all of them, and none that we do not ask."""

from collections.abc import Iterable, Iterator

from fhir_client.uscore.form import FormItem, Kind
from fhir_client.writing.own import NOTICE
from intake.settings import Server, Settings
from intake.sync.clients import quirks_of
from intake.sync.probe.findings import Finding, good, wrong
from intake.sync.questionnaires import form_of


def mapped(about: str, server: Server, settings: Settings) -> Iterator[Finding]:
    """Yield what is mapped and what is not, where there is a map."""
    quirks = quirks_of(server, settings)
    if not (quirks.own_questionnaires and quirks.items):
        return
    ours = frozenset(_links(form_of(settings.question_set, ()).items)) - {NOTICE}
    file = f"[items] of quirks/{server.quirks}.toml"
    if unmapped := sorted(ours - quirks.items.keys()):
        words = f"{file} has no item for {', '.join(unmapped)}; an answer there is held for a person to type"
        yield wrong(
            about,
            words,
            'Map each to an item of the EHR\'s questionnaire, or to "" where it shall be left out.',
        )
    if strange := sorted(quirks.items.keys() - ours):
        words = f"{file} maps what {settings.question_set.id} does not ask: {', '.join(strange)}"
        yield wrong(about, words, "Compare with `intake questionnaires print`.")
    if not unmapped and not strange:
        yield good(about, f"{file} maps every question to {quirks.questionnaire}")


def _links(items: Iterable[FormItem]) -> Iterator[str]:
    """Yield the linkIds of all items that take an answer."""
    for each in items:
        if each.kind not in (Kind.GROUP, Kind.DISPLAY):
            yield each.link_id
        yield from _links(each.items)
