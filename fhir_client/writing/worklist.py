"""The last rung: a person types it into the chart, and the chart is read back."""

from dataclasses import replace

from fhir_client.client import Client
from fhir_client.errors import ByHand
from fhir_client.writing.charts import chart_of
from fhir_client.writing.typed import worksheet
from fhir_client.writing.values import Change, Task, Writer, Written


class Worklist:
    """Nothing is ever sent."""

    def write(self, task: Task) -> Written:
        """Return where it is, once somebody has typed it; raises ByHand until then."""
        patient = chart_of(task.client, task.statement.patient, task.known)
        reference = f"Patient/{patient['id']}"
        sheet = worksheet(patient, replace(task.statement, patient=reference), task.writer)
        if sheet.values:
            missing = ", ".join(each.element.replace("-", " ") for each in sheet.values)
            raise ByHand(
                f"The chart does not say it yet, and only a person can type it there: {missing}.",
                sheet,
            )
        return Written(reference, "")

    def amend(self, client: Client, writer: Writer, changes: tuple[Change, ...]) -> None:  # noqa: ARG002
        """Nothing can be changed; raises ByHand."""
        raise ByHand(
            "This server takes it from nobody but a person. Put the chart right there by hand."
        )
