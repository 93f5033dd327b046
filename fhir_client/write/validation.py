"""A last look before anything leaves: fhir.resources checks what we built, and a vendor's odd field never stops it."""

from typing import Any

from fhir_client.model import Json
from fhir_client.uscore.elements import EXTENSION_URLS


class InvalidBundleError(ValueError):
    """What we built is no valid FHIR R4; the words name the places, never the values."""


def validate_bundle(bundle: Json) -> None:
    """Raise InvalidBundle where the Bundle is no valid R4 (R4B's models, which equal R4's for what is in it)."""
    # Imported here: the models take 170 ms and 24 MiB, which no page and no command without writing should pay.
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    entries = [{**entry, "resource": _ours_of(entry["resource"])} for entry in bundle["entry"]]
    try:
        Bundle.model_validate({**bundle, "entry": entries})
    except ValidationError as error:
        places = sorted(
            {".".join(map(str, fault["loc"])) + f" ({fault['type']})" for fault in error.errors()}
        )
        raise InvalidBundleError(f"not valid FHIR R4 at {'; '.join(places)}") from None


def validate_resources(resources: list[Json]) -> None:
    """Raise InvalidBundle where one of the resources, which are sent one by one, is no valid R4."""
    validate_bundle(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": each} for each in resources],
        }
    )


def _ours_of(resource: Json) -> Json:
    """Return the resource, of a Patient only the elements that we set."""
    if resource["resourceType"] != "Patient":
        return resource
    skeleton: dict[str, Any] = {"resourceType": "Patient"}
    if extensions := [
        each for each in resource.get("extension", []) if each.get("url") in EXTENSION_URLS
    ]:
        skeleton["extension"] = extensions
    if entries := resource.get("communication"):
        skeleton["communication"] = [
            {key: each[key] for key in ("language", "preferred") if key in each} for each in entries
        ]
    return skeleton
