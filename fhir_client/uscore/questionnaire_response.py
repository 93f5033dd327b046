"""The QuestionnaireResponse: what was answered to each question, own words word for word, and the notice that was shown."""

from fhir_client.uscore.datatypes import (
    Json,
    absent_reason_coding,
    coding_json,
    informant_reference,
    uuid_identifier,
    with_encounter,
)
from fhir_client.uscore.statement import ItemAnswer, Statement
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

LANGUAGE = "en"
"""What the questions and the names of the answers are written in, whichever language the person saw: the notice says that."""
PROFILE = f"{US_CORE}us-core-questionnaireresponse"


def build_questionnaire_response(statement: Statement, version: UsCoreVersion) -> Json:
    """Return the submission's QuestionnaireResponse; its identifier is the submission's UUID."""
    who = informant_reference(statement)
    notice = {
        "linkId": "notice",
        "text": "Notice shown",
        "answer": [{"valueString": f"{statement.notice} ({statement.locale})"}],
    }
    found: Json = {
        "resourceType": "QuestionnaireResponse",
        "language": LANGUAGE,
        "identifier": uuid_identifier(statement.submission),
        "questionnaire": statement.questionnaire,
        "status": "completed",
        "subject": {"reference": statement.patient},
        "authored": statement.answered_at.isoformat(timespec="seconds"),
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
    answers: list[Json] = [{"valueCoding": coding_json(each)} for each in item.codings]
    answers += [{"valueString": each} for each in item.strings]
    if item.absent_reason is not None:
        answers = [{"valueCoding": coding_json(absent_reason_coding(item.absent_reason))}]
    return {"linkId": item.link_id, "text": item.text, "answer": answers}
