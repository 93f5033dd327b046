"""A person types what a server accepts from persons only; it is then verified."""

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
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = offer_strategy("worklist")
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("held", "worklist")
    monkeypatch.setenv("INTAKE_CONFIG", str(ladder.settings.directory))
    sheet = tmp_path / "sheet.csv"
    assert main(["submissions", "worklist", "--csv", str(sheet)]) == 0
    assert main(["submissions", "worklist", "--csv", str(sheet)]) == 1
    assert sheet.stat().st_mode & 0o077 == 0
    with sheet.open(newline="", encoding="utf-8") as file:
        lines = {line["element"]: line for line in DictReader(file)}
    assert set(lines) == {
        "race",
        "ethnicity",
        "spoken-language",
        "written-language",
        "interpreter",
    } & set(lines)
    race = lines["race"]
    assert (race["submission"], race["patient"], race["record_number"]) == (
        str(submission.id),
        patient,
        "4711",
    )
    assert (race["birth_date"], "2028-9" in race["codes"]) == (EXAMPLE_PATIENT["birthDate"], True)
    assert "2028-9" not in capsys.readouterr().err
    # Nobody has typed it yet: the worklist names again what is missing, and nothing is verified.
    assert main(["submissions", "typed", str(submission.id)]) == 0
    ladder.clock.now = system_clock()
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("held", "worklist")
    type_answers(ladder, patient, submission)
    assert main(["submissions", "typed", str(submission.id)]) == 0
    ladder.clock.now = system_clock()
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("entered", None)
    assert not any(map(is_write, ladder.proxy.requests))
    assert main(["submissions", "typed", str(submission.id)]) == 1


def type_answers(ladder: Outbox, patient: str, submission: Submission) -> None:
    """Type the answers into the chart, as a person does in the EHR.

    The EHR adds displays and a text of its own to the codes.
    """
    statement = build_statement(
        submission, ladder.settings.question_sets[submission.question_set], MappingPolicy()
    )
    chart = merge_statement(
        ladder.direct_client.read(patient), statement, us_core_version("6.1.0")
    ).patient
    for extension in chart["extension"]:
        for part in extension.get("extension", []):
            part.update({"valueString": "as the EHR has it"} if part["url"] == "text" else {})
    ladder.edit_chart(patient, extension=chart["extension"], communication=chart["communication"])


def test_a_refused_submission_can_be_typed_as_well(ladder: Outbox) -> None:
    patient = ladder.create_patient()
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = fault_at_write(1, answer_with(422), "put")
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("held", "refused")
    type_answers(ladder, patient, submission)
    with ladder.database.write() as tx:
        assert worklist.mark_typed(tx, str(submission.id))
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("entered", None)
    assert set(count_effects(ladder.direct_client, submission).values()) == {0}
