"""`intake submissions worklist`: names the submissions that it cannot read."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from fhir_client.model import Worksheet, WorksheetEntry
from intake.cli import main
from intake.cli.site import open_current_database
from intake.settings import load_settings
from intake.store.outbox import leases
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.worklist import WORKLIST_REASON
from intake.store.tables import submissions as table
from tests.support.command_site import example_line


def test_names_unreadable_submissions_beside_the_worklist(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "two.ndjson").write_text(
        f"{example_line()}\n{example_line(patient='Patient/2')}", "utf-8"
    )
    main(["submit", str(ready / "two.ndjson")])
    sheet = Worksheet(("urn:mrn|4711",), "1980-02-29", (WorksheetEntry("race", "White"),))
    with open_current_database(load_settings()) as database, database.write() as tx:
        lost, good = leases.acquire_leases(tx, "main", limit=2, lease=timedelta(minutes=5))
        for each in (lost, good):
            hold_submission(
                tx,
                each,
                reason=WORKLIST_REASON,
                words="Type it.",
                detail=msgspec.json.encode(sheet).decode(),
            )
        strange = tx.cipher.encrypt(b"said", "another row")
        tx.connection.execute(
            table.update().where(table.c.id == lost.record.id).values(payload=strange)
        )
    capsys.readouterr()
    assert main(["submissions", "worklist"]) == 1
    said = capsys.readouterr()
    assert [line.split(",")[0] for line in said.out.splitlines()[1:]] == [good.record.id]
    assert f"{lost.record.id} cannot be read here and is left out" in said.err
