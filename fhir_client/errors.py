"""What can go wrong with a FHIR server, named for what the caller does next; `words` are plain and carry no PHI."""

from datetime import timedelta


class FhirError(Exception):
    """Any of these. `status` is the HTTP status where there was one."""

    def __init__(self, words: str, status: int | None = None) -> None:
        """Keep the words."""
        super().__init__(words)
        self.words, self.status = words, status


class Temporary(FhirError):
    """Try again later. After a write it is ambiguous: the server may have done it."""

    def __init__(self, words: str, status: int | None = None, retry_after: timedelta | None = None) -> None:
        """Keep how long the server asked us to wait."""
        super().__init__(words, status)
        self.retry_after = retry_after


class Conflict(FhirError):
    """Somebody else changed the resource (409 and 412 are used for the same thing): read again, merge again."""


class Refused(FhirError):
    """The server refuses this request, and will do so again: a person has to look."""


class Gone(FhirError):
    """There is no such resource (any more)."""


class ServerFault(FhirError):
    """The fault lies with the server or our access to it, not with the request: pause the server."""


class AccessFault(ServerFault):
    """Our own way in is at fault: a secret, a key, a scope or the token endpoint. What a person mends is our access."""


class ByHand(Refused):
    """The server takes this from nobody but a person, who types it into the chart."""


class PatientProblem(Refused):
    """The chart cannot be written: merged in a loop, inactive, gone."""


class ChartChanged(Refused):
    """The chart was changed by others since the visit began, and differs from what the person says: a person decides."""

    def __init__(self, elements: tuple[str, ...]) -> None:
        """Name the elements, never their values."""
        super().__init__(f"The chart was changed after the visit began ({', '.join(elements)}); a person has to decide.")
        self.elements = elements
