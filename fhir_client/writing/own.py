"""Our answers as answers to an EHR's own Questionnaire, where it takes no others: its canonical, its linkIds."""

from fhir_client.quirks import Quirks
from fhir_client.uscore.parts import Json


def as_its_own(response: Json, quirks: Quirks) -> Json:
    """Return the QuestionnaireResponse with the server's own questionnaire and items; a question that it lacks is left out."""
    if not quirks.own_questionnaires:
        return response
    items = [{**each, "linkId": quirks.items[each["linkId"]]} for each in response["item"] if each["linkId"] in quirks.items]
    return {**response, "questionnaire": quirks.questionnaire, "item": items}
