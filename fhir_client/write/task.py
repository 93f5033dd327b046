"""The values that go into a write strategy and come out of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from fhir_client.client import FhirClient
from fhir_client.model import Json
from fhir_client.quirks import Quirks
from fhir_client.uscore.chart import ChartElements
from fhir_client.uscore.patient_merge import MergePolicy
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.write.bundle import in_error, required_version
from fhir_client.write.charts import MergeContext
from fhir_client.write.strategy import WriteStrategy


@dataclass(frozen=True, slots=True)
class Writer:
    """How a site writes to a server."""

    version: UsCoreVersion
    policy: MergePolicy = field(default_factory=MergePolicy)
    quirks: Quirks = field(default_factory=Quirks)
    strategy: WriteStrategy = field(default_factory=WriteStrategy)

    def creates_once(self, resource_type: str) -> bool:
        """Return whether the server takes a conditional create for a resource type."""
        # The condition is a search by identifier, which some servers do not have for every type.
        return self.quirks.conditional_create and resource_type not in self.strategy.by_patient


@dataclass(frozen=True, slots=True)
class WriteAttempt:
    """A write that is about to be sent.

    `version` is the Patient's version that was merged into.

    `prior_values` is None where an earlier attempt already changed the chart. The values that were
    recorded for that attempt still hold. `prior_observations` are those of earlier answers at the
    same visit, as they were before this correction. `says_more` tells that the chart keeps a value
    that the informant was asked about and did not name.
    """

    patient: str
    version: str
    prior_values: ChartElements | None
    new_values: ChartElements | None = None
    prior_observations: tuple[Json, ...] = ()
    says_more: bool = False


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The references of the written Patient and QuestionnaireResponse.

    `response` is "" where the server hides it.

    `base_version` is the version of the Patient that was merged into. It is None where an earlier
    attempt had already written the submission. `written_version` is the Patient's version after
    the write, None where the server did not name it.
    """

    patient: str
    response: str
    base_version: str | None = None
    written_version: str | None = None


RecordAttempt = Callable[[WriteAttempt], None]
"""Stores what an undo will need before anything is sent; an exception from it ends the attempt."""


@dataclass(frozen=True, slots=True)
class WriteTask:
    """One statement to write.

    A retry is not `is_first_attempt`, and may find its own result.
    """

    client: FhirClient
    writer: Writer
    statement: Statement
    context: MergeContext
    is_first_attempt: bool
    record_attempt: RecordAttempt


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A resource as it was read, and as it will be."""

    before: Json
    after: Json

    @property
    def reference(self) -> str:
        """The relative reference of the resource."""
        return f"{self.before['resourceType']}/{self.before['id']}"

    @property
    def version(self) -> str:
        """The version that was read; raises NoVersionError where the server has none."""
        return required_version(self.before)


def mark_in_error(resource: Json) -> ResourceChange:
    """Return the change that marks a resource as entered in error."""
    return ResourceChange(resource, in_error(resource))


class StrategyWriter(Protocol):
    """A write strategy at work."""

    def write(self, task: WriteTask) -> WriteResult:
        """Write the statement exactly once, however often this is called."""

    def amend(
        self, client: FhirClient, writer: Writer, changes: tuple[ResourceChange, ...]
    ) -> None:
        """Change existing resources, each with If-Match; raises VersionConflictError."""
