"""Checks with fhir.resources what we built.

An odd field of a vendor never stops a write.
"""

from typing import Any

from fhir_client.model import Json
from fhir_client.uscore.elements import EXTENSION_URLS


class InvalidBundleError(ValueError):
    """The Bundle is no valid FHIR R4; the message names the places, never the values."""


def validate_bundle(bundle: Json) -> None:
    """Raise InvalidBundleError where the Bundle is no valid R4.

    The models are R4B's, which equal R4's for these resource types.
    """
    # Imported here: the models take 170 ms and 24 MiB, and pages and most commands never write.
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    entries = [{**entry, "resource": _keep_own(entry["resource"])} for entry in bundle["entry"]]
    try:
        Bundle.model_validate({**bundle, "entry": entries})
    except ValidationError as error:
        places = sorted(
            {".".join(map(str, fault["loc"])) + f" ({fault['type']})" for fault in error.errors()}
        )
        raise InvalidBundleError(f"not valid FHIR R4 at {'; '.join(places)}") from None


def validate_resources(resources: list[Json]) -> None:
    """Raise InvalidBundleError where one of the resources is no valid R4."""
    entries = [{"resource": resource} for resource in resources]
    validate_bundle({"resourceType": "Bundle", "type": "collection", "entry": entries})


def _keep_own(resource: Json) -> Json:
    """Return the resource, for a Patient only the elements that we set."""
    if resource["resourceType"] != "Patient":
        return resource
    # The rest of a Patient is the server's own; its faults must not hold a submission.
    skeleton: dict[str, Any] = {"resourceType": "Patient"}
    extensions = [
        extension
        for extension in resource.get("extension", [])
        if extension.get("url") in EXTENSION_URLS
    ]
    if extensions:
        skeleton["extension"] = extensions
    if entries := resource.get("communication"):
        skeleton["communication"] = [
            {key: entry[key] for key in ("language", "preferred") if key in entry}
            for entry in entries
        ]
    return skeleton
