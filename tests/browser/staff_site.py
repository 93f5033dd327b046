"""A busy day at the clinic, as the staff pages show it in the browser tests."""

import json
from dataclasses import replace
from datetime import timedelta

from fhir_client.model import Conflict
from intake.report.build import build_report
from intake.report.codec import to_json
from intake.store import devices, reports, servers, strategies, users, visits
from intake.store.outbox import conflict_decisions, delivery_steps, leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.strategies import StoredStrategy
from tests.support.outbox_steps import make_submission
from tests.support.report_export import HILLTOP, RIVERSIDE, ExportFolder, report_request
from tests.support.site_submissions import WORKSHEET
from tests.support.sites import TestSite
from tests.support.staff import PASSWORD

LONG_NAME = "Maria-Fernanda Guadalupe de la Santísima Trinidad Hernández-Villavicencio"


def fill_site(site: TestSite, export: ExportFolder) -> None:
    """Add patients, submissions in every state, tablets, a paused server, a report and users."""
    for number, name in enumerate(("Ana Lopez", "محمد الأحمد", LONG_NAME)):
        site.expect_visit(
            str(number), name=name, starts_at=site.clock() + timedelta(hours=2 * number)
        )
    for number in range(40):
        export.add_patient(f"p{number}")
        export.add_observation("race", "2028-9", patient=f"p{number}")
    snapshot = to_json(
        build_report(export.write_files(), report_request("2026-Q3", RIVERSIDE, HILLTOP)).report
    )
    with site.database.write() as tx:
        visits.record_fetch(tx, "riverside", [], tx.now, tx.now)
        for number in range(6):
            store_submission(tx, replace(make_submission(), patient=f"Patient/{number}"), "main")
        on_hold, waiting, worklist, conflicting, verified, _ = leases.acquire_leases(
            tx, "main", limit=6, lease=timedelta(minutes=5)
        )
        hold_submission(
            tx,
            on_hold,
            reason="patient",
            words="The patient's record is gone. Find the right chart.",
        )
        delivery_steps.schedule_retry(
            tx, waiting, until=tx.now, reason="http-503", words="The server cannot serve now."
        )
        hold_submission(
            tx,
            worklist,
            reason="worklist",
            words="A person has to type it.",
            detail=json.dumps(WORKSHEET),
        )
        conflict = Conflict("spoken-language", ("English",), ("Español",), "over")
        hold_submission(
            tx,
            conflicting,
            reason="chart-changed",
            words="The chart was changed.",
            detail=conflict_decisions.encode_conflicts((conflict,)),
        )
        delivery_steps.record_sending(
            tx, verified, UndoRecord(WriteTarget("Patient/4", "1"), "{}"), timedelta(minutes=5)
        )
        delivery_steps.mark_verified(tx, verified)
        strategies.pin_strategy(
            tx,
            "main",
            StoredStrategy(
                "",
                "put",
                ("chart",),
                batch=False,
                reasons=("no transaction: it does not offer it",),
            ),
        )
        servers.record_worker_seen(tx, "main")
        servers.pause_server(
            tx,
            "main",
            until=tx.now + timedelta(minutes=1),
            reason="http-401",
            words="We are not let in.",
        )
        devices.invite_device(tx, "riverside", "Front door")
        reports.save_snapshot(tx, "2026-Q3", snapshot)
        users.add_user(tx, "bo", {"desk"})
        users.add_user(tx, "ada", users.ROLES, PASSWORD)
