"""Maps our answers to an EHR's own Questionnaire."""

from collections.abc import Iterable, Iterator

from fhir_client.model import Json
from fhir_client.quirks import Quirks

# The linkId of the notice that the patient saw, which is no answer.
NOTICE_LINK_ID = "notice"


def map_to_ehr_items(response: Json, quirks: Quirks) -> Json:
    """Return the QuestionnaireResponse with the server's own questionnaire and items.

    A question without an item of the server's is left out.
    """
    if not quirks.own_questionnaires:
        return response
    pairs = (
        (quirks.items.get(item["linkId"], ""), item) for item in _answered_items(response["item"])
    )
    # The EHR's questionnaire has none of our groups, so its items stand side by side.
    items = [{**item, "linkId": ehr_link_id} for ehr_link_id, item in pairs if ehr_link_id]
    return {**response, "questionnaire": quirks.questionnaire, "item": items}


def unmapped_questions(response: Json, quirks: Quirks) -> tuple[str, ...]:
    """Return the questions with an answer that has no item of the server's.

    An empty linkId in the quirks leaves a question out on purpose.
    """
    if not quirks.own_questionnaires:
        return ()
    link_ids = {item["linkId"] for item in _answered_items(response["item"])}
    unmapped = link_ids - quirks.items.keys() - {NOTICE_LINK_ID}
    # A linkId below the question's own names the group that was chosen. It is part of the answer.
    return tuple(sorted({link_id.partition(".")[0] for link_id in unmapped}))


def _answered_items(items: Iterable[Json]) -> Iterator[Json]:
    for item in items:
        if "answer" in item:
            yield item
        yield from _answered_items(item.get("item", []))
