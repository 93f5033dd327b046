"""The example of the library's README runs as it stands there, against a real FHIR server."""

import re
from pathlib import Path
from typing import Any

import pytest

import fhir_client
from fhir_client import FhirClient
from tests.support.outbox import EXAMPLE_PATIENT

pytestmark = pytest.mark.server
README = Path(fhir_client.__file__).with_name("README.md")
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
RACE_URL = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def test_the_example_of_the_readme_writes_a_race_and_verifies_it(
    server: str, client: FhirClient
) -> None:
    patient = client.create(EXAMPLE_PATIENT)
    example, imports, *_ = PYTHON_BLOCK.findall(README.read_text("utf-8"))
    here = {
        "https://ehr.example/fhir": server,
        "Patient/123": f"Patient/{patient['id']}",
    }
    for shown, real in here.items():
        assert shown in example
        example = example.replace(shown, real)
    names: dict[str, Any] = {}
    exec(f"{imports}\n{example}", names)  # noqa: S102
    assert names["mismatches"] == ()
    [race] = [
        extension
        for extension in client.read(f"Patient/{patient['id']}")["extension"]
        if extension["url"] == RACE_URL
    ]
    assert {"url": "text", "valueString": "Asian"} in race["extension"]
