"""The document of a server that takes documents alone: a readable text, and the QuestionnaireResponse beside it."""

import base64
from collections.abc import Callable, Iterator

from fhir_client.client import JSON
from fhir_client.errors import GoneError, RefusedError
from fhir_client.model import Json
from fhir_client.transport import exact_json
from fhir_client.transport.responses import attachment_data
from fhir_client.uscore.datatypes import ABSENT_TEXTS, informant_reference, uuid_identifier
from fhir_client.uscore.statement import ItemAnswer, Source, Statement

TITLE = "Race, ethnicity and language, as told at check-in"
TEXT = "text/plain; charset=utf-8"


def build_document(statement: Statement, response: Json) -> Json:
    """Return the DocumentReference of a submission; its identifier is the submission's UUID."""
    found: Json = {
        "resourceType": "DocumentReference",
        "identifier": [uuid_identifier(statement.submission)],
        "status": "current",
        "docStatus": "final",
        # No code of LOINC names such a document, and a wrong one would file it where nobody looks.
        "type": {"text": TITLE},
        "subject": {"reference": statement.patient},
        "date": statement.answered_at.isoformat(timespec="seconds"),
        "author": [informant_reference(statement)],
        "content": [
            _attachment(TEXT, readable(statement).encode()),
            _attachment(JSON, exact_json.format_json(response).encode()),
        ],
    }
    if statement.encounter is not None:
        found["context"] = {"encounter": [{"reference": statement.encounter}]}
    return found


def readable(statement: Statement) -> str:
    """Return what was said as lines of text: who, when, and question by question what."""
    who = (
        "the patient"
        if statement.source is Source.PATIENT
        else (statement.source_display or "a related person")
    )
    heading = f"{TITLE}\nAnswered by {who} on {statement.answered_at:%Y-%m-%d %H:%M %z}\n"
    return "\n".join([heading, *_lines(statement.items)]) + "\n"


def _lines(items: tuple[ItemAnswer, ...], depth: int = 0) -> Iterator[str]:
    for each in items:
        said = [*(coding.display or coding.code for coding in each.codings), *each.strings]
        answer = (
            ABSENT_TEXTS[each.absent_reason] if each.absent_reason is not None else "; ".join(said)
        )
        yield f"{'  ' * depth}{each.text}: {answer}".rstrip()
        yield from _lines(each.items, depth + 1)


def _attachment(kind: str, content: bytes) -> Json:
    data = base64.b64encode(content).decode()
    return {"attachment": {"contentType": kind, "title": TITLE, "data": data}}


def read_attachments(held: Json, fetch: Callable[[str], bytes]) -> list[tuple[str, bytes]]:
    """Return the attachments of a DocumentReference, by the kind that they begin with; what cannot be read is empty.

    Many servers put what was sent in place into a Binary and name its address: that is fetched.
    """
    attachments = [each.get("attachment", {}) for each in held.get("content", [])]
    return [
        (str(each.get("contentType", "")).partition(";")[0], _content(each, fetch))
        for each in attachments
    ]


def _content(attachment: Json, fetch: Callable[[str], bytes]) -> bytes:
    if "data" in attachment or "url" not in attachment:
        return attachment_data(attachment)
    try:
        return fetch(str(attachment["url"]))
    except (GoneError, RefusedError):
        return b""
