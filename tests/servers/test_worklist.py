"""A person types what the server accepts from a person only; the read-back then verifies it."""

from csv import DictReader
from pathlib import Path

import pytest

from fhir_client.uscore.patient_merge import merge_statement
from fhir_client.uscore.versions import us_core_version
from intake.answers import Submission
from intake.cli import main
from intake.clock import system_clock
from intake.mapping.statement import build_statement
from intake.settings import MappingPolicy
from intake.store.outbox import worklist
from tests.servers.partial_servers import fault_at_write, is_write, offer_strategy
from tests.support.fault_proxy import answer_with
from tests.support.outbox import EXAMPLE_PATIENT, Outbox, count_effects

pytestmark = pytest.mark.server


def test_a_worklist_entry_is_read_back_when_it_is_typed(
    ladder: Outbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    number = {"system": "urn:mrn", "value": "4711"}
    patient = ladder.create_patient(identifier=[number])
    sent = ladder.submit_example(patient)
    ladder.proxy.default_fault = offer_strategy("worklist")
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("held", "worklist")
    monkeypatch.setenv("INTAKE_CONFIG", str(ladder.settings.directory))
    sheet = tmp_path / "sheet.csv"
    assert main(["submissions", "worklist", "--csv", str(sheet)]) == 0
    assert main(["submissions", "worklist", "--csv", str(sheet)]) == 1
    assert sheet.stat().st_mode & 0o077 == 0
    with sheet.open(newline="", encoding="utf-8") as file:
        lines = {each["element"]: each for each in DictReader(file)}
    assert set(lines) == {
        "race",
        "ethnicity",
        "spoken-language",
        "written-language",
        "interpreter",
    } & set(lines)
    race = lines["race"]
    assert (race["submission"], race["patient"], race["record_number"]) == (
        str(sent.id),
        patient,
        "4711",
    )
    assert (race["birth_date"], "2028-9" in race["codes"]) == (EXAMPLE_PATIENT["birthDate"], True)
    assert "2028-9" not in capsys.readouterr().err
    # Nobody has typed it yet: the worklist names again what is missing, and nothing is verified.
    assert main(["submissions", "typed", str(sent.id)]) == 0
    ladder.clock.now = system_clock()
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("held", "worklist")
    typed(ladder, patient, sent)
    assert main(["submissions", "typed", str(sent.id)]) == 0
    ladder.clock.now = system_clock()
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("entered", None)
    assert not any(map(is_write, ladder.proxy.requests))
    assert main(["submissions", "typed", str(sent.id)]) == 1


def typed(ladder: Outbox, patient: str, sent: Submission) -> None:
    """Type the answers into the chart; the EHR adds displays and a text of its own to the codes."""
    said = build_statement(sent, ladder.settings.question_sets[sent.question_set], MappingPolicy())
    chart = merge_statement(
        ladder.direct_client.read(patient), said, us_core_version("6.1.0")
    ).patient
    for each in chart["extension"]:
        for part in each.get("extension", []):
            part.update({"valueString": "as the EHR has it"} if part["url"] == "text" else {})
    ladder.edit_chart(patient, extension=chart["extension"], communication=chart["communication"])


def test_a_refused_submission_can_be_typed_as_well(ladder: Outbox) -> None:
    patient = ladder.create_patient()
    sent = ladder.submit_example(patient)
    ladder.proxy.default_fault = fault_at_write(1, answer_with(422), "put")
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("held", "refused")
    typed(ladder, patient, sent)
    with ladder.database.write() as tx:
        assert worklist.mark_typed(tx, str(sent.id))
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("entered", None)
    assert set(count_effects(ladder.direct_client, sent).values()) == {0}
