"""Our answers as answers to an EHR's own Questionnaire, where it takes no others: its canonical, its linkIds."""

from collections.abc import Iterable, Iterator

from fhir_client.model import Json
from fhir_client.quirks import Quirks

NOTICE_LINK_ID = "notice"
"""The linkId of the notice that was shown, which is no answer."""


def map_to_ehr_items(response: Json, quirks: Quirks) -> Json:
    """Return the QuestionnaireResponse with the server's own questionnaire and items; a question that it lacks is left out."""
    if not quirks.own_questionnaires:
        return response
    mapped = ((quirks.items.get(each["linkId"], ""), each) for each in _answered(response["item"]))
    # Our groups have no place there: its items stand side by side.
    items = [{**each, "linkId": theirs} for theirs, each in mapped if theirs]
    return {**response, "questionnaire": quirks.questionnaire, "item": items}


def unmapped_questions(response: Json, quirks: Quirks) -> tuple[str, ...]:
    """Return the questions of which an answer has no item of the server's, nor is left out on purpose (an empty linkId)."""
    if not quirks.own_questionnaires:
        return ()
    lost = (
        {each["linkId"] for each in _answered(response["item"])}
        - quirks.items.keys()
        - {NOTICE_LINK_ID}
    )
    # A linkId below the question's own tells the group that was chosen, which is an answer.
    return tuple(sorted({link.partition(".")[0] for link in lost}))


def _answered(items: Iterable[Json]) -> Iterator[Json]:
    for each in items:
        if "answer" in each:
            yield each
        yield from _answered(each.get("item", []))
