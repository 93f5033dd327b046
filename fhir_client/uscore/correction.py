"""Takes back what earlier submissions of the same visit wrote into a Patient."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fhir_client.model import Json
from fhir_client.uscore.chart import CHART_PARTS, ChartElements, chart_elements, elements_of_part
from fhir_client.uscore.statement import Statement, without_elements
from fhir_client.uscore.undo_record import (
    ChangeState,
    ElementChange,
    KeyedHash,
    change_state,
    restore_prior_values,
    says_the_same,
)


@dataclass(frozen=True, slots=True)
class EarlierWrite:
    """One earlier submission about the same chart, and what it changed there.

    `elements` are those that it answered, or took back. `is_same_visit` tells that the correction
    corrects it. What another visit wrote stays.
    """

    statement: Statement
    elements: frozenset[str]
    changes: tuple[ElementChange, ...]
    is_same_visit: bool = True

    def change_of_part(self, chart_part: str) -> ElementChange | None:
        """Return the change of a chart part, or None where this write left it alone."""
        return next((change for change in self.changes if change.chart_part == chart_part), None)


@dataclass(frozen=True, slots=True)
class Correction:
    """A later submission with the same visit as earlier ones (fhir_client/MAPPING.md).

    `earlier` are the submissions that this site sent before, the newest first. `elements` are
    those that the correction answers, or takes back. `keyed_hash` recognizes our own values.
    `own_changes` are those of an earlier attempt to write this correction.
    """

    earlier: tuple[EarlierWrite, ...]
    elements: frozenset[str]
    keyed_hash: KeyedHash
    own_changes: tuple[ElementChange, ...] = ()

    def corrected_writes(self) -> Iterator[EarlierWrite]:
        """Yield the writes of the same visit, the newest first."""
        return (write for write in self.earlier if write.is_same_visit)

    def take_back(self, patient: Json, merge: Callable[[Json, Statement], Json]) -> Json:
        """Return the Patient with the values from before this visit's first write.

        Only values that are still ours go. `merge` sets a statement's values in a Patient. It puts
        back the answers that the correction does not touch, such as the other language.
        """
        restored = patient
        for part in CHART_PARTS:
            if self.elements.isdisjoint(elements_of_part(part)):
                continue
            before = self._restore_part(restored, part)
            restored = before if before is restored else self._keep_others(before, part, merge)
        return restored

    def find_foreign_elements(self, chart: ChartElements) -> frozenset[str]:
        """Return the elements that others changed after this visit's earlier write."""
        return frozenset(
            element
            for part in CHART_PARTS
            if self._is_foreign(chart, part)
            for element in elements_of_part(part)
            if element in self.elements
        )

    def _restore_part(self, patient: Json, part: str) -> Json:
        for change in self._changes_of_visit(part):
            state = change_state(chart_elements(patient), change, self.keyed_hash)
            if state is ChangeState.CHANGED:
                break
            if state is ChangeState.WRITTEN:
                patient = restore_prior_values(patient, (change,), self.keyed_hash)
        return patient

    def _changes_of_visit(self, part: str) -> Iterator[ElementChange]:
        """Yield this visit's changes of a part, the newest first, up to another visit's."""
        for write in self.earlier:
            change = write.change_of_part(part)
            if change is None:
                continue
            if not write.is_same_visit:
                return
            yield change

    def _is_foreign(self, chart: ChartElements, part: str) -> bool:
        newest = next(self._changes_of_visit(part), None)
        if newest is None or any(
            change_state(chart, change, self.keyed_hash) is ChangeState.WRITTEN
            for change in self.own_changes
            if change.chart_part == part
        ):
            return False
        return change_state(chart, newest, self.keyed_hash) is ChangeState.CHANGED

    def _keep_others(
        self, patient: Json, part: str, merge: Callable[[Json, Statement], Json]
    ) -> Json:
        kept = set(elements_of_part(part)) - self.elements
        statements = []
        for write in self.corrected_writes():
            others = write.statement.values.keys() - kept
            statements.append(without_elements(write.statement, others))
            # What a newer answer took back does not return from an older one.
            kept -= write.elements
        for statement in reversed(statements):
            patient = merge(patient, statement)
        return patient


def is_same_chart(first: Json, second: Json) -> bool:
    """Return whether two states of a Patient say the same in every chart part."""
    chart, other = chart_elements(first), chart_elements(second)
    return all(says_the_same(chart[part], other[part]) for part in CHART_PARTS)
