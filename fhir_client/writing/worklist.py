"""The last rung: a person types it into the chart, and the chart is read back."""

from dataclasses import replace

from fhir_client.client import Client
from fhir_client.errors import ByHand
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.reading import meanings
from fhir_client.writing.charts import current_patient, refuse_other_person
from fhir_client.writing.suiting import merged
from fhir_client.writing.values import Change, Task, Writer, Written


class Worklist:
    """Nothing is ever sent."""

    def write(self, task: Task) -> Written:
        """Return where it is, once somebody has typed it; raises ByHand until then."""
        patient = current_patient(task.client, task.statement.patient)
        refuse_other_person(patient, task.known)
        reference = f"Patient/{patient['id']}"
        merge = merged(patient, replace(task.statement, patient=reference), task.writer)
        # A person types codes, not ids and texts of ours: the chart says it where it means it.
        if meanings(elements_of(patient)) != meanings(elements_of(merge.patient)):
            raise ByHand("This server takes it from nobody but a person. Type the answers into the chart, then try again here.")
        return Written(reference, "")

    def amend(self, client: Client, writer: Writer, changes: tuple[Change, ...]) -> None:  # noqa: ARG002
        """Nothing can be changed; raises ByHand."""
        raise ByHand("This server takes it from nobody but a person. Put the chart right there by hand.")
