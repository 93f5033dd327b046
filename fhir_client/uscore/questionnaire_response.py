"""The QuestionnaireResponse: each answer, own words word for word, and the notice shown."""

from fhir_client.model import Json
from fhir_client.uscore.datatypes import (
    absent_reason_coding,
    author_reference,
    coding_json,
    concept_json,
    informant_reference,
    uuid_identifier,
    with_encounter,
)
from fhir_client.uscore.statement import ItemAnswer, Statement
from fhir_client.uscore.versions import US_CORE, UsCoreVersion

LANGUAGE = "en"
"""The language of the questions and of the answers' names; the notice tells which one was shown."""
COMPLETION_MODE = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode"
PROFILE = f"{US_CORE}us-core-questionnaireresponse"


def build_questionnaire_response(statement: Statement, version: UsCoreVersion) -> Json:
    """Return the submission's QuestionnaireResponse; its identifier is the submission's UUID."""
    notice = {
        "linkId": "notice",
        "text": "Notice shown",
        "answer": [{"valueString": f"{statement.notice} ({statement.locale})"}],
    }
    response: Json = {
        "resourceType": "QuestionnaireResponse",
        "language": LANGUAGE,
        "identifier": uuid_identifier(statement.submission),
        "questionnaire": statement.questionnaire,
        "status": "completed",
        "subject": {"reference": statement.patient},
        "authored": statement.answered_at.isoformat(timespec="seconds"),
        # The author wrote it down, and the source is where it comes from.
        "author": author_reference(statement),
        "source": informant_reference(statement),
        "item": [notice, *map(_build_item, statement.items)],
    }
    if (entry := statement.entry) is not None:
        mode = concept_json(entry.mode, text=entry.channel)
        response["extension"] = [{"url": COMPLETION_MODE, "valueCodeableConcept": mode}]
    # 3.1.1 has no profile of it.
    if version.has_screening_profiles:
        response["meta"] = {"profile": [PROFILE]}
    return with_encounter(response, statement)


def _build_item(item: ItemAnswer) -> Json:
    question = {"linkId": item.link_id, "text": item.text}
    # A group carries no answer of its own (R4, invariant qrs-1).
    if item.items:
        return {**question, "item": list(map(_build_item, item.items))}
    if item.absent_reason is not None:
        coding = coding_json(absent_reason_coding(item.absent_reason))
        return {**question, "answer": [{"valueCoding": coding}]}
    answers: list[Json] = [{"valueCoding": coding_json(coding)} for coding in item.codings]
    answers += [{"valueString": text} for text in item.strings]
    return {**question, "answer": answers}
