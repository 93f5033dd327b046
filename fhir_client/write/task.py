"""What the rungs of the ladder are told, and what they tell."""

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
from fhir_client.write.bundle import required_version
from fhir_client.write.charts import MergeContext
from fhir_client.write.strategy import WriteStrategy

ENTERED_IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Writer:
    """How a site writes to a server: US Core version, merge policy, the server's quirks and the rung of the ladder."""

    version: UsCoreVersion
    policy: MergePolicy = field(default_factory=MergePolicy)
    quirks: Quirks = field(default_factory=Quirks)
    strategy: WriteStrategy = field(default_factory=WriteStrategy)

    def creates_once(self, kind: str) -> bool:
        """Whether the server can be asked to create a resource of that kind only where none has its identifier yet."""
        return self.quirks.conditional_create and kind not in self.strategy.by_patient


@dataclass(frozen=True, slots=True)
class WriteAttempt:
    """What is about to be sent: the Patient that it goes to, its version that was merged into, and its values before and after.

    `earlier` is None where a part was sent before, and only the rest is: what was noted then stands.
    """

    patient: str
    version: str
    prior_values: ChartElements | None
    new_values: ChartElements | None = None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Where it is: the Patient that it went to in the end, and the QuestionnaireResponse ("" where the server hides it).

    `over` is the version of the Patient that was merged into; None where the submission was found to be there already.
    """

    patient: str
    response: str
    base_version: str | None = None


RecordAttempt = Callable[[WriteAttempt], None]
"""Keeps, before anything leaves, what undo will need while it can still be known; what it raises ends the try."""


@dataclass(frozen=True, slots=True)
class WriteTask:
    """One statement to be written; `first` is False where it may have been sent before."""

    client: FhirClient
    writer: Writer
    statement: Statement
    context: MergeContext
    is_first_attempt: bool
    record_attempt: RecordAttempt


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A resource of the server as it was read, and as it shall be."""

    before: Json
    after: Json

    @property
    def reference(self) -> str:
        """Where it is."""
        return f"{self.before['resourceType']}/{self.before['id']}"

    @property
    def version(self) -> str:
        """The version that was read; raises NoVersion where the server has none."""
        return required_version(self.before)


def mark_in_error(resource: Json) -> ResourceChange:
    """Return the change that marks a resource as entered in error."""
    return ResourceChange(resource, {**resource, "status": ENTERED_IN_ERROR})


class StrategyWriter(Protocol):
    """One rung: how a statement is written by it, and how what is there is amended."""

    def write(self, task: WriteTask) -> WriteResult:
        """Write it, once however often this is called."""

    def amend(
        self, client: FhirClient, writer: Writer, changes: tuple[ResourceChange, ...]
    ) -> None:
        """Change resources that are there, each with If-Match; raises Conflict where somebody else did meanwhile."""
