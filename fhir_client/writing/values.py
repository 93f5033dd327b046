"""What the rungs of the ladder are told, and what they tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fhir_client.client import Client
from fhir_client.quirks import Quirks
from fhir_client.uscore.parts import Json
from fhir_client.uscore.patient import MergePolicy
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import UsCoreVersion
from fhir_client.writing.bundle import version_of
from fhir_client.writing.charts import Known
from fhir_client.writing.ladder import Strategy

IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Writer:
    """How a site writes to a server: US Core version, merge policy, the server's quirks and the rung of the ladder."""

    version: UsCoreVersion
    policy: MergePolicy = field(default_factory=MergePolicy)
    quirks: Quirks = field(default_factory=Quirks)
    strategy: Strategy = field(default_factory=Strategy)

    def creates_once(self, kind: str) -> bool:
        """Whether the server can be asked to create a resource of that kind only where none has its identifier yet."""
        return self.quirks.conditional_create and kind not in self.strategy.by_patient


@dataclass(frozen=True, slots=True)
class Sending:
    """What is about to be sent: the Patient that it goes to, its version that was merged into, and its values before and after.

    `earlier` is None where a part was sent before, and only the rest is: what was noted then stands.
    """

    patient: str
    version: str
    earlier: Mapping[str, Any] | None
    later: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Where it is: the Patient that it went to in the end, and the QuestionnaireResponse ("" where the server hides it).

    `over` is the version of the Patient that was merged into; None where the submission was found to be there already.
    """

    patient: str
    response: str
    over: str | None = None


Noting = Callable[[Sending], None]
"""Keeps, before anything leaves, what undo will need while it can still be known; what it raises ends the try."""


@dataclass(frozen=True, slots=True)
class Task:
    """One statement to be written; `first` is False where it may have been sent before."""

    client: Client
    writer: Writer
    statement: Statement
    known: Known
    first: bool
    note: Noting


@dataclass(frozen=True, slots=True)
class Change:
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
        return version_of(self.before)


def in_error(resource: Json) -> Change:
    """Return the change that marks a resource as entered in error."""
    return Change(resource, {**resource, "status": IN_ERROR})


class Way(Protocol):
    """One rung: how a statement is written by it, and how what is there is amended."""

    def write(self, task: Task) -> Written:
        """Write it, once however often this is called."""

    def amend(self, client: Client, writer: Writer, changes: tuple[Change, ...]) -> None:
        """Change resources that are there, each with If-Match; raises Conflict where somebody else did meanwhile."""
