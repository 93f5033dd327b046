"""Whether a profile that maps our questions to an EHR's own questionnaire maps all of them, and none that we do not ask."""

from collections.abc import Iterable, Iterator

from fhir_client.uscore.questionnaire import ItemType, QuestionnaireItem
from fhir_client.write.ehr_questionnaire import NOTICE_LINK_ID
from intake.diagnostics.findings import Finding, good_finding, wrong_finding
from intake.ehr.clients import server_quirks
from intake.mapping.questionnaires import build_form
from intake.settings import Server, Settings


def check_item_map(about: str, server: Server, settings: Settings) -> Iterator[Finding]:
    """Yield what is mapped and what is not, where there is a map."""
    quirks = server_quirks(server, settings)
    if not (quirks.own_questionnaires and quirks.items):
        return
    ours = frozenset(_links(build_form(settings.question_set, ()).items)) - {NOTICE_LINK_ID}
    file = f"[items] of quirks/{server.quirks}.toml"
    if unmapped := sorted(ours - quirks.items.keys()):
        words = f"{file} has no item for {', '.join(unmapped)}; an answer there is held for a person to type"
        yield wrong_finding(
            about,
            words,
            'Map each to an item of the EHR\'s questionnaire, or to "" where it shall be left out.',
        )
    if strange := sorted(quirks.items.keys() - ours):
        words = f"{file} maps what {settings.question_set.id} does not ask: {', '.join(strange)}"
        yield wrong_finding(about, words, "Compare with `intake questionnaires print`.")
    if not unmapped and not strange:
        yield good_finding(about, f"{file} maps every question to {quirks.questionnaire}")


def _links(items: Iterable[QuestionnaireItem]) -> Iterator[str]:
    """Yield the linkIds of all items that take an answer."""
    for each in items:
        if each.kind not in (ItemType.GROUP, ItemType.DISPLAY):
            yield each.link_id
        yield from _links(each.items)
