"""How one resource is changed without a transaction: by a whole PUT or by a JSON Patch, both with If-Match."""

from collections.abc import Callable

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, VersionConflictError
from fhir_client.write.json_patch import patch_operations
from fhir_client.write.task import ResourceChange, Writer

UpdateResource = Callable[[FhirClient, Writer, ResourceChange], None]
"""Changes one resource; raises Conflict where somebody else did meanwhile."""


def put_resource(client: FhirClient, writer: Writer, change: ResourceChange) -> None:  # noqa: ARG001
    """Send the whole resource, with everything in it that was read."""
    client.put(change.reference, change.after, change.version)


def patch_resource(client: FhirClient, writer: Writer, change: ResourceChange) -> None:
    """Send the difference alone."""
    try:
        client.patch(
            change.reference,
            patch_operations(change.before, change.after, writer.quirks),
            change.version,
        )
    except RefusedError:
        # A test that failed is answered 400 or 422, which is a conflict where somebody else changed the resource.
        now = client.read(change.reference).get("meta", {}).get("versionId")
        if now != change.version:
            raise VersionConflictError("The chart was changed in the meantime.", 412) from None
        raise
