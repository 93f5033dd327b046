"""`intake submit` and `intake worker` deliver to a real FHIR server."""

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_client.client import FhirClient
from intake.cli import main
from tests.support.command_site import write_site
from tests.support.outbox import EXAMPLE_PATIENT

pytestmark = pytest.mark.server
EXAMPLE = Path(__file__).parents[1] / "support" / "data" / "multi-race.answers.json"


def test_the_command_line_delivers_and_verifies(
    server: str,
    organization: str,
    client: FhirClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    patient = client.create(EXAMPLE_PATIENT)
    write_site(tmp_path, server)
    clinics = tmp_path / "clinics.toml"
    clinics.write_text(
        clinics.read_text("utf-8").replace("Organization/riverside", organization), "utf-8"
    )
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path))
    assert main(["keys", "new"]) == main(["migrate"]) == 0
    assert main(["submit", str(EXAMPLE), "--patient", f"Patient/{patient['id']}"]) == 0
    assert main(["worker", "--once"]) == 0
    capsys.readouterr()
    main(["submissions", "--json"])
    [row] = json.loads(capsys.readouterr().out)
    assert (row["state"], row["attempts"], row["words"]) == ("verified", 1, None)
