"""What can go wrong with a FHIR server, named for what the caller does next; `words` are plain and carry no PHI."""

from datetime import timedelta

from fhir_client.model import Conflict, Worksheet


class FhirError(Exception):
    """Any of these. `status` is the HTTP status where there was one."""

    def __init__(self, words: str, status: int | None = None) -> None:
        """Keep the words."""
        super().__init__(words)
        self.message, self.status = words, status


class TemporaryError(FhirError):
    """Try again later. After a write it is ambiguous: the server may have done it."""

    def __init__(
        self, words: str, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        """Keep how long the server asked us to wait."""
        super().__init__(words, status)
        self.retry_after = retry_after


class VersionConflictError(FhirError):
    """Somebody else changed the resource (409 and 412 are used for the same thing): read again, merge again."""


class RefusedError(FhirError):
    """The server refuses this request, and will do so again: a person has to look."""


class GoneError(FhirError):
    """There is no such resource (any more)."""


class ServerError(FhirError):
    """The fault lies with the server or our access to it, not with the request: pause the server."""


class AccessError(ServerError):
    """Our own way in is at fault: a secret, a key, a scope or the token endpoint. What a person mends is our access."""


class ManualEntryError(RefusedError):
    """The server takes this from nobody but a person; `worksheet`, which says what was answered, is for that person alone."""

    def __init__(self, words: str, worksheet: Worksheet | None = None) -> None:
        """Keep the worksheet."""
        super().__init__(words)
        self.worksheet = worksheet


class PatientError(RefusedError):
    """The chart cannot be written: merged in a loop, inactive, gone."""


class ChartConflictError(RefusedError):
    """The chart was changed by others, and differs from what is to be written: a person decides about `contested`."""

    def __init__(self, words: str, contested: tuple[Conflict, ...]) -> None:
        """Name the elements in the words, never their values."""
        super().__init__(
            f"{words} ({', '.join(each.element for each in contested)}); a person has to decide."
        )
        self.conflicts = contested

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements alone."""
        return tuple(each.element for each in self.conflicts)
