"""Checks that a profile maps exactly our questions to an EHR's own questionnaire."""

from collections.abc import Iterable, Iterator

from fhir_client.uscore.questionnaire import ItemType, QuestionnaireItem
from fhir_client.write.ehr_questionnaire import NOTICE_LINK_ID
from intake.diagnostics.findings import Finding, good_finding, wrong_finding
from intake.ehr.clients import server_quirks
from intake.mapping.questionnaires import build_form
from intake.settings import Server, Settings


def check_item_map(about: str, server: Server, settings: Settings) -> Iterator[Finding]:
    """Yield the missing and the surplus questions of the map, if there is one."""
    quirks = server_quirks(server, settings)
    if not (quirks.own_questionnaires and quirks.items):
        return
    form = build_form(settings.question_set, ())
    own_link_ids = frozenset(_read_link_ids(form.items)) - {NOTICE_LINK_ID}
    file = f"[items] of quirks/{server.quirks}.toml"
    if unmapped := sorted(own_link_ids - quirks.items.keys()):
        words = (
            f"{file} has no item for {', '.join(unmapped)}; "
            "the worker holds such an answer for a person to type"
        )
        yield wrong_finding(
            about,
            words,
            'Map each to an item of the EHR\'s questionnaire, or to "" to leave it out.',
        )
    if surplus := sorted(quirks.items.keys() - own_link_ids):
        words = f"{file} maps what {settings.question_set.id} does not ask: {', '.join(surplus)}"
        yield wrong_finding(about, words, "Compare with `intake questionnaires print`.")
    if not unmapped and not surplus:
        yield good_finding(about, f"{file} maps every question to {quirks.questionnaire}")


def _read_link_ids(items: Iterable[QuestionnaireItem]) -> Iterator[str]:
    """Yield the linkIds of all items that take an answer."""
    for item in items:
        if item.kind not in (ItemType.GROUP, ItemType.DISPLAY):
            yield item.link_id
        yield from _read_link_ids(item.items)
