"""The report page shows the latest snapshot in accessible tables with every share's counts."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from justhtml import JustHTML

from intake.app import create_app
from intake.report.build import build_report
from intake.report.codec import to_json
from intake.report.values import Edition, MissingPart
from intake.store import audit, reports
from intake.store.report_tables import reports as reports_table
from tests.support.report_export import ExportFolder, report_request
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def reader(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "quality")


def save_snapshot(site: TestSite, snapshot: bytes, period: str = "2026-Q3") -> None:
    with site.database.write() as tx:
        reports.save_snapshot(tx, period, snapshot)


@pytest.fixture
def export_folder(tmp_path: Path) -> ExportFolder:
    return ExportFolder(tmp_path)


@pytest.fixture
def snapshot(pages: TestSite, export_folder: ExportFolder) -> bytes:
    """Store a report of sixty people, forty with a race, and return it."""
    for number in range(60):
        export_folder.add_patient(f"p{number}")
        if number < 40:
            export_folder.add_observation("race", "2028-9", patient=f"p{number}")
    encoded = to_json(build_report(export_folder.write_files(), report_request()).report)
    save_snapshot(pages, encoded)
    return encoded


def test_the_report_names_the_clinics_own_day(
    pages: TestSite, reader: StaffSession, export_folder: ExportFolder
) -> None:
    # Midnight has passed in UTC, and not yet at Riverside.
    late = replace(report_request(), as_of=datetime(2026, 11, 25, 2, tzinfo=UTC))
    save_snapshot(pages, to_json(build_report(export_folder.write_files(), late).report))
    assert "counted on Nov 24, 2026" in reader.open_page("/staff/report").text


def test_the_page_without_a_report_says_so(reader: StaffSession) -> None:
    assert "There is no report yet" in reader.open_page("/staff/report").text
    assert reader.open_page("/staff/report.csv").status_code == 404


def test_a_snapshot_of_another_version_is_not_shown(pages: TestSite, reader: StaffSession) -> None:
    save_snapshot(pages, b'{"format":"intake-report/0"}')
    assert "nother version" in reader.open_page("/staff/report").text
    assert reader.open_page("/staff/report.json").status_code == 404


def test_the_latest_report_is_shown_in_accessible_tables(
    reader: StaffSession, snapshot: bytes
) -> None:
    text = reader.open_page("/staff/report").text
    document = JustHTML(text, strict=True, sanitize=False)
    for table in document.query("table.report"):
        assert table.query("caption")
        assert all(
            node_attributes(cell).get("scope") in ("row", "col") for cell in table.query("th")
        )
    assert "66.7 % (54.1–77.3)" in text
    assert "40 / 60" in text
    assert "rows need not sum" in text
    assert "Riverside" in text


def test_the_headline_comes_first_with_its_range_and_counts(
    reader: StaffSession, snapshot: bytes
) -> None:
    reader.open_page("/staff/report")
    [first] = [row for row in reader.table_rows() if row[0] == "Riverside"]
    assert first[1] == "66.7 % (54.1–77.3) 40 / 60"
    assert (
        reader.document.query("table")[0].query("caption")[0].to_text()
        == "Direct self-report, by clinic"
    )


def test_the_downloads_hold_the_report_and_are_audited(
    pages: TestSite, reader: StaffSession, snapshot: bytes
) -> None:
    reader.open_page("/staff/report")
    links = {
        str(node.to_text()): str(node_attributes(node)["href"])
        for node in reader.document.query(".downloads a")
    }
    as_json = reader.client.get(links["Download JSON"])
    assert as_json.data == snapshot
    assert json.loads(as_json.data)["format"] == "intake-report/2"
    as_csv = reader.client.get(links["Download CSV"])
    assert (
        as_csv.headers["Content-Disposition"]
        == 'attachment; filename="completeness-2026-Q3-internal.csv"'
    )
    lines = csv.DictReader(io.StringIO(as_csv.text))
    assert any(line["measure"] == "direct" and line["numerator"] == "40" for line in lines)
    with pages.database.read() as tx:
        assert [entry.action for entry in audit.entries_about(tx, "2026-Q3 internal")] == [
            "report-downloaded",
            "report-downloaded",
            "report-viewed",
        ]


def test_a_report_of_another_period_can_be_shown(
    pages: TestSite, reader: StaffSession, export_folder: ExportFolder, snapshot: bytes
) -> None:
    save_snapshot(
        pages,
        to_json(build_report(export_folder.folder, report_request("2026-08")).report),
        "2026-08",
    )
    reader.open_page("/staff/report")
    assert "from Aug 1, 2026 to Aug 31, 2026, counted on" in reader.page.text
    options = reader.document.query("#period option")
    assert [node_attributes(option)["value"] for option in options] == ["2026-08", "2026-Q3"]
    other = reader.open_page("/staff/report?period=2026-Q3&edition=internal").text
    assert "from Jul 1, 2026 to Sep 30, 2026, counted on" in other


def test_the_edition_to_share_is_frozen_and_rounded(
    pages: TestSite, reader: StaffSession, export_folder: ExportFolder, snapshot: bytes
) -> None:
    shared = build_report(export_folder.folder, report_request(), edition=Edition.SHARE).report
    with pages.database.write() as tx:
        reports.freeze_snapshot(tx, "2026-Q3", to_json(shared))
        reports.freeze_snapshot(tx, "2026-Q3", to_json(replace(shared, snapshot="f" * 64)))
    text = reader.open_page("/staff/report?edition=share").text
    assert "Edition to share: rounded, need not sum" in text
    assert "38 / 58" in text
    assert "40 / 60" not in text
    assert "f" * 64 not in text


def test_only_the_roles_of_the_setting_see_exact_counts(
    pages: TestSite, export_folder: ExportFolder, snapshot: bytes
) -> None:
    chosen = replace(pages.settings, exact_for=frozenset({"admin"}))
    app = create_app(chosen, pages.database, pages.clock)
    app.test_client_class = pages.app.test_client_class
    staff = sign_in_staff(TestSite(chosen, pages.database, pages.clock, app), "quality")
    assert staff.client.get("/staff/report?edition=internal").status_code == 403
    assert staff.client.get("/staff/report.csv?edition=internal").status_code == 403
    assert "40 / 60" not in staff.open_page("/staff/report").text


def test_a_stored_snapshot_is_encrypted(pages: TestSite, snapshot: bytes) -> None:
    with pages.database.read() as tx:
        [row] = tx.connection.execute(reports_table.select()).all()
    assert b"riverside" in snapshot
    assert b"riverside" not in row.snapshot


@pytest.mark.parametrize("period", ["nonsense", "2026-Q4", "", "<b>"])
def test_an_unknown_period_shows_no_other_periods_numbers(
    reader: StaffSession, snapshot: bytes, period: str
) -> None:
    page = reader.client.get("/staff/report", query_string={"period": period})
    assert page.status_code == 404
    assert "There is no report for the period" in page.text
    assert "66.7" not in page.text
    assert (
        reader.client.get("/staff/report.csv", query_string={"period": period}).status_code == 404
    )


def test_the_page_says_first_what_is_missing(
    pages: TestSite, reader: StaffSession, export_folder: ExportFolder
) -> None:
    part = MissingPart("Patient", "Patient.000.ndjson.gz", 812, "EOFError")
    built = build_report(export_folder.write_files(), report_request()).report
    save_snapshot(pages, to_json(replace(built, missing=(part,))))
    text = reader.open_page("/staff/report").text
    assert text.index("beyond line 812") < text.index("Direct self-report")
