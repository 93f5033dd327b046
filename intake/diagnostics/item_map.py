"""Checks a profile's map from our questions to an EHR's own questionnaire."""

from collections.abc import Iterable, Iterator

from fhir_client.uscore.questionnaire import ItemType, QuestionnaireItem
from fhir_client.write.ehr_questionnaire import NOTICE_LINK_ID
from intake.diagnostics.findings import Finding, good_finding, wrong_finding
from intake.ehr.clients import server_quirks
from intake.mapping.questionnaires import build_form
from intake.settings import Server, Settings


def check_item_map(about: str, server: Server, settings: Settings) -> Iterator[Finding]:
    """Yield which questions the profile does not map, and which it maps in vain.

    Yields nothing for a profile without a map.
    """
    quirks = server_quirks(server, settings)
    if not (quirks.own_questionnaires and quirks.items):
        return
    # The worker fills in the notice itself, so a profile need not map it.
    link_ids = frozenset(_answer_link_ids(build_form(settings.question_set, ()).items))
    expected = link_ids - {NOTICE_LINK_ID}
    file = f"[items] of quirks/{server.quirks}.toml"
    if unmapped := sorted(expected - quirks.items.keys()):
        words = (
            f"{file} has no item for {', '.join(unmapped)}; an answer there is held for a person "
            "to type"
        )
        yield wrong_finding(
            about,
            words,
            'Map each to an item of the EHR\'s questionnaire, or to "" to leave it out.',
        )
    if unasked := sorted(quirks.items.keys() - expected):
        words = f"{file} maps what {settings.question_set.id} does not ask: {', '.join(unasked)}"
        yield wrong_finding(about, words, "Compare with `intake questionnaires print`.")
    if not unmapped and not unasked:
        yield good_finding(about, f"{file} maps every question to {quirks.questionnaire}")


def _answer_link_ids(items: Iterable[QuestionnaireItem]) -> Iterator[str]:
    """Yield the linkIds of all items that take an answer."""
    for item in items:
        if item.kind not in (ItemType.GROUP, ItemType.DISPLAY):
            yield item.link_id
        yield from _answer_link_ids(item.items)
