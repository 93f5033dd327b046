"""Errors of a FHIR server, each named for the caller's next step.

Messages are plain and quote nothing of a patient.
"""

from datetime import timedelta

from fhir_client.model import Conflict, Worksheet


class FhirError(Exception):
    """Base of all errors; `status` is the HTTP status, where there was one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """Keep the message."""
        super().__init__(message)
        self.message, self.status = message, status


class TemporaryError(FhirError):
    """The same request can succeed later.

    After a write, the server may have done it already.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        """Keep how long the server asked us to wait."""
        super().__init__(message, status)
        self.retry_after = retry_after


class VersionConflictError(FhirError):
    """Another client changed the resource (409 or 412): read again and merge again.

    Servers use both statuses for it: HAPI answers 409, Medplum 412.
    """


class RefusedError(FhirError):
    """The server will always refuse this request: a person must look at it."""


class GoneError(FhirError):
    """The server has no such resource, or deleted it."""


class ServerError(FhirError):
    """The server or our access to it is at fault, not the request: pause the server."""


class OldFhirError(ServerError):
    """The server speaks a release of FHIR before R4, or only its XML."""


class AccessError(ServerError):
    """Our secret, key, scopes, certificate or token endpoint is at fault."""


class ManualEntryError(RefusedError):
    """Only a person can write this to the server.

    `worksheet` lists the answers, so only the person who types them may see it.
    """

    def __init__(self, message: str, worksheet: Worksheet | None = None) -> None:
        """Keep the worksheet."""
        super().__init__(message)
        self.worksheet = worksheet


class PatientError(RefusedError):
    """The chart cannot be written.

    It was merged in a loop, is inactive or gone, or is another patient's.
    """


class UnmatchedPatientError(PatientError):
    """No chart, or more than one, matches the patient.

    The message has neither record number nor birth date.
    """


class ChartConflictError(RefusedError):
    """The chart and the answers differ, and a reviewer must decide.

    `conflicts` has one value for each element.
    """

    def __init__(self, reason: str, conflicts: tuple[Conflict, ...]) -> None:
        """Name the elements in the message, never their values."""
        names = ", ".join(conflict.element for conflict in conflicts)
        super().__init__(f"{reason} ({names}); a person has to decide.")
        self.conflicts = conflicts

    @property
    def elements(self) -> tuple[str, ...]:
        """The names of the elements in conflict."""
        return tuple(conflict.element for conflict in self.conflicts)
