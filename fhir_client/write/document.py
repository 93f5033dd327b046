"""Builds the DocumentReference for a server that takes documents only."""

import base64
from collections.abc import Callable, Iterable, Iterator

from fhir_client.client import JSON
from fhir_client.errors import GoneError, RefusedError
from fhir_client.model import Json
from fhir_client.transport import exact_json
from fhir_client.transport.responses import attachment_data
from fhir_client.uscore.datatypes import ABSENT_TEXTS, author_reference, uuid_identifier
from fhir_client.uscore.statement import ItemAnswer, Source, Statement

TITLE = "Race, ethnicity and language, as told at check-in"
PLAIN_TEXT = "text/plain; charset=utf-8"


def build_document(statement: Statement, response: Json, related: Iterable[Json] = ()) -> Json:
    """Return the DocumentReference of a submission.

    Its identifier is the submission's UUID. `related` are the relations to documents that it
    corrects.
    """
    document: Json = {
        "resourceType": "DocumentReference",
        "identifier": [uuid_identifier(statement.submission)],
        "status": "current",
        "docStatus": "final",
        # LOINC has no code for such a document. A wrong code would file it in a wrong place.
        "type": {"text": TITLE},
        "subject": {"reference": statement.patient},
        "date": statement.answered_at.isoformat(timespec="seconds"),
        "author": [author_reference(statement)],
        "content": [
            _build_attachment(PLAIN_TEXT, _format_text(statement).encode()),
            _build_attachment(JSON, exact_json.format_json(response).encode()),
        ],
    }
    if relations := list(related):
        document["relatesTo"] = relations
    if statement.encounter is not None:
        document["context"] = {"encounter": [{"reference": statement.encounter}]}
    return document


def _format_text(statement: Statement) -> str:
    """Return the answers as lines of text: the informant, the time, and each question."""
    informant = (
        "the patient"
        if statement.source is Source.PATIENT
        else (statement.source_display or "a related person")
    )
    heading = f"{TITLE}\nAnswered by {informant} on {statement.answered_at:%Y-%m-%d %H:%M %z}\n"
    return "\n".join([heading, *_answer_lines(statement.items)]) + "\n"


def _answer_lines(items: tuple[ItemAnswer, ...], depth: int = 0) -> Iterator[str]:
    for item in items:
        names = [*(coding.display or coding.code for coding in item.codings), *item.strings]
        reason = item.absent_reason
        answer = "; ".join(names) if reason is None else ABSENT_TEXTS[reason]
        yield f"{'  ' * depth}{item.text}: {answer}".rstrip()
        yield from _answer_lines(item.items, depth + 1)


def _build_attachment(content_type: str, content: bytes) -> Json:
    data = base64.b64encode(content).decode()
    return {"attachment": {"contentType": content_type, "title": TITLE, "data": data}}


def read_attachments(document: Json, fetch: Callable[[str], bytes]) -> list[tuple[str, bytes]]:
    """Return the content type and the content of each attachment.

    Unreadable content is empty.

    Many servers move the content into a Binary and name its URL, which `fetch` reads.
    """
    attachments = [content.get("attachment", {}) for content in document.get("content", [])]
    return [
        # Servers may drop parameters such as the charset.
        (
            str(attachment.get("contentType", "")).partition(";")[0],
            _read_content(attachment, fetch),
        )
        for attachment in attachments
    ]


def _read_content(attachment: Json, fetch: Callable[[str], bytes]) -> bytes:
    if "data" in attachment or "url" not in attachment:
        return attachment_data(attachment)
    try:
        return fetch(str(attachment["url"]))
    except (GoneError, RefusedError):
        return b""
