"""The QuestionnaireResponse: what was answered to each question, own words word for word, and the notice that was shown."""

from fhir_client.uscore.parts import Json, absent, coding, identifier, informant, with_encounter
from fhir_client.uscore.statement import ItemAnswer, Statement
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

LANGUAGE = "en"
"""What the questions and the names of the answers are written in, whichever language the person saw: the notice says that."""
PROFILE = f"{US_CORE}us-core-questionnaireresponse"


def questionnaire_response(statement: Statement, version: UsCoreVersion) -> Json:
    """Return the submission's QuestionnaireResponse; its identifier is the submission's UUID."""
    who = informant(statement)
    notice = {
        "linkId": "notice",
        "text": "Notice shown",
        "answer": [{"valueString": f"{statement.notice} ({statement.locale})"}],
    }
    found: Json = {
        "resourceType": "QuestionnaireResponse",
        "language": LANGUAGE,
        "identifier": identifier(statement.submission),
        "questionnaire": statement.questionnaire,
        "status": "completed",
        "subject": {"reference": statement.patient},
        "authored": statement.at.isoformat(timespec="seconds"),
        "author": who,
        "source": who,
        "item": [notice, *(_item(each) for each in statement.items)],
    }
    if version.has_screening_profiles:
        found["meta"] = {"profile": [PROFILE]}
    return with_encounter(found, statement)


def _item(item: ItemAnswer) -> Json:
    if item.items:
        return {
            "linkId": item.link_id,
            "text": item.text,
            "item": [_item(each) for each in item.items],
        }
    answers: list[Json] = [{"valueCoding": coding(each)} for each in item.codings]
    answers += [{"valueString": each} for each in item.strings]
    if item.absent is not None:
        answers = [{"valueCoding": coding(absent(item.absent))}]
    return {"linkId": item.link_id, "text": item.text, "answer": answers}
