"""FHIR references: the relative form of the many that servers answer with."""

import re


def local_reference(reference: object, resource_type: str) -> str | None:
    """Return the `Type/id` that a reference or location ends in, None for another type.

    Servers answer with absolute and versioned references, too.
    """
    # 64 characters are FHIR's limit of an id.
    match = re.search(
        rf"(?:^|/)({resource_type}/[A-Za-z0-9\-.]{{1,64}})(?:/_history/[A-Za-z0-9\-.]{{1,64}})?$",
        str(reference),
    )
    return match[1] if match else None
