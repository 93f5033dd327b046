"""Changes one resource by PUT or by JSON Patch, both with If-Match."""

from collections.abc import Callable

from fhir_client.client import FhirClient
from fhir_client.errors import RefusedError, VersionConflictError
from fhir_client.write.json_patch import patch_operations
from fhir_client.write.task import ResourceChange, Writer

UpdateResource = Callable[[FhirClient, Writer, ResourceChange], None]
"""Changes one resource; raises VersionConflictError where another client changed it first."""


def put_resource(client: FhirClient, writer: Writer, change: ResourceChange) -> None:  # noqa: ARG001
    """Send the whole resource, with every element that was read."""
    client.put(change.reference, change.after, change.version)


def patch_resource(client: FhirClient, writer: Writer, change: ResourceChange) -> None:
    """Send only the difference."""
    operations = patch_operations(change.before, change.after, writer.quirks)
    try:
        client.patch(change.reference, operations, change.version)
    except RefusedError:
        # Servers answer a failed `test` operation with 400 or 422. It is a conflict only if another
        # client changed the resource.
        current_version = client.read(change.reference).get("meta", {}).get("versionId")
        if current_version != change.version:
            raise VersionConflictError("The chart was changed in the meantime.", 412) from None
        raise
