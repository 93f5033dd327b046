"""What of a statement a server's Patient can hold: merged for it, and nothing more, so that a repeat changes nothing."""

from dataclasses import replace

from fhir_client.quirks import Quirks
from fhir_client.uscore.parts import Json
from fhir_client.uscore.patient import INTERPRETERS, URLS, Merge, apply
from fhir_client.uscore.statement import Statement
from fhir_client.writing.values import Writer


def merged(patient: Json, statement: Statement, writer: Writer) -> Merge:
    """Return the Patient merged with what its server can hold of the statement."""
    merge = apply(patient, _holdable(statement, writer.quirks), writer.version, writer.policy)
    suited = _suited(patient, merge.patient, writer.quirks)
    return replace(merge, patient=suited, changed=suited != patient)


def _holdable(statement: Statement, quirks: Quirks) -> Statement:
    return replace(
        statement,
        race=statement.race if quirks.takes(URLS["race"]) else None,
        ethnicity=statement.ethnicity if quirks.takes(URLS["ethnicity"]) else None,
        interpreter=statement.interpreter if any(map(quirks.takes, INTERPRETERS)) else None,
        # The one language that a Patient has there is the preferred one.
        written=None if quirks.one_communication else statement.written,
    )


def _suited(before: Json, after: Json, quirks: Quirks) -> Json:
    """Return the Patient with one language where the server keeps one, and none of our marks where it takes none."""
    held, entries = before.get("communication", []), after.get("communication", [])
    if entries == held or not (quirks.one_communication or quirks.accepted_extensions):
        return after
    kept = ([each for each in entries if each.get("preferred")] or entries)[:1] if quirks.one_communication else entries
    # What others wrote stays as they wrote it.
    return {**after, "communication": [each if each in held else _marked(each, quirks) for each in kept]}


def _marked(entry: Json, quirks: Quirks) -> Json:
    kept = [each for each in entry.get("extension", []) if quirks.takes(each.get("url", ""))]
    rest = {key: each for key, each in entry.items() if key != "extension"}
    return {**rest, "extension": kept} if kept else rest
