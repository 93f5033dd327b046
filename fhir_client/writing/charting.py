"""How one resource is changed without a transaction: by a whole PUT or by a JSON Patch, both with If-Match."""

from collections.abc import Callable

from fhir_client.client import Client
from fhir_client.errors import Conflict, Refused
from fhir_client.writing.patching import operations
from fhir_client.writing.values import Change, Writer

Amend = Callable[[Client, Writer, Change], None]
"""Changes one resource; raises Conflict where somebody else did meanwhile."""


def put(client: Client, writer: Writer, change: Change) -> None:  # noqa: ARG001
    """Send the whole resource, with everything in it that was read."""
    client.put(change.reference, change.after, change.version)


def patch(client: Client, writer: Writer, change: Change) -> None:
    """Send the difference alone."""
    try:
        client.patch(
            change.reference, operations(change.before, change.after, writer.quirks), change.version
        )
    except Refused:
        # A test that failed is answered 400 or 422, which is a conflict where somebody else changed the resource.
        now = client.read(change.reference).get("meta", {}).get("versionId")
        if now != change.version:
            raise Conflict("The chart was changed in the meantime.", 412) from None
        raise
