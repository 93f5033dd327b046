"""The narrative of a Patient: `text`, which must not contradict the merged values."""

from fhir_client.model import Json
from fhir_client.uscore.chart import patient_meanings

# R4, valueset-narrative-status: these two were made from the elements alone. A person may have
# written the others.
_MADE_FROM_ELEMENTS = frozenset({"generated", "extensions"})


def fit_narrative(before: Json, after: Json) -> Json:
    """Return the changed Patient with the earlier narrative, or without it where it is untrue."""
    narrative = before.get("text")
    if narrative is None:
        return after
    status = narrative.get("status") if isinstance(narrative, dict) else None
    if isinstance(status, str) and status in _MADE_FROM_ELEMENTS and _says_otherwise(before, after):
        return {key: value for key, value in after.items() if key != "text"}
    return {**after, "text": narrative}


def _says_otherwise(before: Json, after: Json) -> bool:
    # Ids and marks appear in no narrative.
    return patient_meanings(before) != patient_meanings(after)
