"""What read-back looks at: what is searched for and what is read, in as few requests as the server takes."""

from fhir_client.client import Client, matches
from fhir_client.errors import Gone, Refused, ServerFault
from fhir_client.responses import BARRED, faults_in
from fhir_client.uscore.parts import Json, identifier
from fhir_client.uscore.statement import Statement
from fhir_client.writing.bundle import search_of
from fhir_client.writing.finding import carrying, of_patient
from fhir_client.writing.ladder import CREATED, Part, Rung
from fhir_client.writing.values import Writer, Written

RESPONSE, DOCUMENT = CREATED[Part.RESPONSE], CREATED[Part.DOCUMENT]
VERSIONS_SEEN = 10
"""How far back a Patient's history is looked at: the version merged into is among the newest."""
Sought = dict[str, tuple[str, Json]]
"""The kind and the identifier of what is searched for, by the names of the answers."""


def sought(writer: Writer, said: Statement, expected: dict[str, Json]) -> Sought:
    """Return the kind and the identifier of what is searched for, by the names of the answers."""
    parts, own = writer.strategy.parts, identifier(said.submission)
    found = {
        name: (CREATED[Part.OBSERVATIONS], each["identifier"][0]) for name, each in expected.items()
    }
    # What was created alone can stand there twice, as a search alone would show; a transaction is judged by its Observations.
    if Part.RESPONSE in parts and writer.strategy.rung is not Rung.TRANSACTION:
        found[RESPONSE] = (RESPONSE, own)
    if Part.DOCUMENT in parts:
        found[DOCUMENT] = (DOCUMENT, own)
    return found


def urls(writer: Writer, written: Written, sought: Sought, over: str | None) -> dict[str, str]:
    """Return what is read in one request where the server takes one, by the names of the answers."""
    strategy = writer.strategy
    history = f"{written.patient}/_history?_count={VERSIONS_SEEN}" if over is not None else ""
    of_part = {
        Part.CHART: {"Patient": written.patient, "history": history},
        Part.RESPONSE: {} if RESPONSE in sought else {RESPONSE: written.response},
        Part.PROVENANCE: {"Provenance": f"Provenance?target={written.response}"},
    }
    direct = {
        name: url
        for part in Part
        if part in strategy.parts
        for name, url in of_part.get(part, {}).items()
        if url
    }
    by_identifier = {
        name: each for name, each in sought.items() if each[0] not in strategy.by_patient
    }
    return direct | {
        name: f"{kind}?identifier={search_of(own)}" for name, (kind, own) in by_identifier.items()
    }


def searched(
    client: Client, writer: Writer, patient: str, sought: Sought, found: dict[str, Json]
) -> dict[str, list[Json]]:
    """Return ours of what was searched for: where the server does not search by identifier, out of all of the patient's."""
    by_patient = writer.strategy.by_patient & {kind for kind, _ in sought.values()}
    pools = {kind: list(of_patient(client, kind, patient)) for kind in by_patient}
    return {
        name: list(carrying(pools[kind] if kind in pools else matches(found[name]), kind, own))
        for name, (kind, own) in sought.items()
    }


def fetch(client: Client, parts: dict[str, str], *, batch: bool) -> dict[str, Json]:
    """Return what stands at the addresses, {} where there is nothing; in one batch where the server takes one."""
    at_once = _at_once(client, parts) if batch else None
    return (
        {name: _read(client, name, url) for name, url in parts.items()}
        if at_once is None
        else at_once
    )


def _at_once(client: Client, parts: dict[str, str]) -> dict[str, Json] | None:
    """Return the parts as read by one batch, None where the server takes none, whatever it says that it does."""
    entries = [{"request": {"method": "GET", "url": url}} for url in parts.values()]
    try:
        answer = client.bundle({"resourceType": "Bundle", "type": "batch", "entry": entries})
    except (Gone, Refused):
        return None
    except ServerFault as error:
        if error.status not in BARRED:
            raise
        return None
    answers: list[Json] = [*answer.get("entry", []), *({} for _ in parts)]
    return {name: _resource(name, entry) for name, entry in zip(parts, answers, strict=False)}


def _read(client: Client, name: str, url: str) -> Json:
    try:
        return client.read(url)
    except Gone:
        return {}
    except (Refused, ServerFault):
        if name == "history":
            return {}
        raise


def _resource(name: str, entry: Json) -> Json:
    """Return the entry's resource, {} where there is none; raises where the server could not read it just now."""
    fault = next(faults_in({"entry": [entry]}), None)
    # Not every server keeps a history, or shows it.
    if fault is not None and name != "history" and not isinstance(fault, Gone):
        raise fault
    found: Json = entry.get("resource", {}) if fault is None else {}
    return found
