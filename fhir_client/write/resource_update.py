"""Changes one resource by PUT or by JSON Patch, both with If-Match."""

from collections.abc import Callable

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, VersionConflictError
from fhir_client.write.json_patch import patch_operations
from fhir_client.write.task import ResourceChange, Writer

UpdateResource = Callable[[FhirClient, Writer, ResourceChange], str | None]
"""Changes one resource and returns its new version.

It raises VersionConflictError where another client changed the resource first.
"""


def put_resource(
    client: FhirClient,
    writer: Writer,  # noqa: ARG001
    change: ResourceChange,
) -> str | None:
    """Send the whole resource, with every element that was read; return its new version."""
    return client.put(change.reference, change.after, change.version)


def patch_resource(client: FhirClient, writer: Writer, change: ResourceChange) -> str | None:
    """Send only the difference; return the new version."""
    operations = patch_operations(change.before, change.after, writer.quirks)
    try:
        return client.patch(change.reference, operations, change.version)
    except RefusedError:
        # Servers answer a failed `test` operation with 400 or 422. It is a conflict only if another
        # client changed the resource.
        current_version = client.read(change.reference).get("meta", {}).get("versionId")
        if current_version != change.version:
            raise VersionConflictError("The chart was changed in the meantime.", 412) from None
        raise
