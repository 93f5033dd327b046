"""The worksheet: what a person types into a chart that takes no write from us."""

from collections.abc import Iterator
from dataclasses import replace

from fhir_client.model import Json, Worksheet, WorksheetEntry
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements import SPECS
from fhir_client.uscore.statement import Statement
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.task import Writer


def build_worksheet(patient: Json, statement: Statement, writer: Writer) -> Worksheet:
    """Return what is to be typed into the Patient's chart.

    It has no values where the chart already states the whole statement.
    """
    identifiers = tuple(
        f"{identifier.get('system', '')}|{identifier['value']}"
        for identifier in patient.get("identifier", [])
        if identifier.get("value")
    )
    return Worksheet(
        identifiers, str(patient.get("birthDate", "")), tuple(_entries(patient, statement, writer))
    )


def _entries(patient: Json, statement: Statement, writer: Writer) -> Iterator[WorksheetEntry]:
    # A screen may have a field for the tribe in any version of US Core.
    screen = replace(writer, version=replace(writer.version, has_tribal_affiliation=True))
    chart = chart_elements(patient)
    merged = chart_elements(merge_for_server(patient, statement, screen).patient)
    for element, spec in SPECS.items():
        merged_items = merged[spec.chart_part]
        if not spec.is_entered(chart[spec.chart_part], merged_items):
            yield spec.worksheet_entry(statement.values.get(element), merged_items)
