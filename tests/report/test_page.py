"""The report's page shows the latest snapshot: tables with captions and scopes, every share with its two counts."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from justhtml import JustHTML

from intake.report.build import build_report
from intake.report.codec import to_json
from intake.store import audit, reports
from tests.report.conftest import ExportFolder, report_request
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.strict_pages import node_attributes


@pytest.fixture
def reader(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "quality")


def keep(site: TestSite, snapshot: bytes, period: str = "2026-Q3") -> None:
    with site.database.write() as tx:
        reports.save_snapshot(tx, period, snapshot)


@pytest.fixture
def snapshot(pages: TestSite, world: ExportFolder) -> bytes:
    """Sixty people of whom forty said their race, kept as the latest report."""
    for number in range(60):
        world.add_patient(f"p{number}")
        if number < 40:
            world.add_observation("race", "2028-9", patient=f"p{number}")
    made = to_json(build_report(world.write_files(), report_request()).report)
    keep(pages, made)
    return made


def test_it_was_counted_on_the_clinics_own_day(
    pages: TestSite, reader: StaffSession, world: ExportFolder
) -> None:
    # Midnight has passed in UTC, and not yet at Riverside.
    late = replace(report_request(), as_of=datetime(2026, 11, 25, 2, tzinfo=UTC))
    keep(pages, to_json(build_report(world.write_files(), late).report))
    assert "counted on Nov 24, 2026" in reader.open_page("/staff/report").text


def test_before_the_first_report(reader: StaffSession) -> None:
    assert "There is no report yet" in reader.open_page("/staff/report").text
    assert reader.open_page("/staff/report.csv").status_code == 404


def test_a_snapshot_of_another_version(pages: TestSite, reader: StaffSession) -> None:
    keep(pages, b'{"format":"intake-report/0"}')
    assert "nother version" in reader.open_page("/staff/report").text
    assert reader.open_page("/staff/report.json").status_code == 404


def test_the_latest_report(reader: StaffSession, snapshot: bytes) -> None:
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


def test_the_headline_stands_first_with_its_range_and_counts(
    reader: StaffSession, snapshot: bytes
) -> None:
    reader.open_page("/staff/report")
    [first] = [row for row in reader.table_rows() if row[0] == "Riverside"]
    assert first[1] == "66.7 % (54.1–77.3) 40 / 60"
    assert (
        reader.document.query("table")[0].query("caption")[0].to_text()
        == "Direct self-report, by clinic"
    )


def test_the_downloads_are_the_report_and_are_noted(
    pages: TestSite, reader: StaffSession, snapshot: bytes
) -> None:
    reader.open_page("/staff/report")
    told = {
        str(node.to_text()): str(node_attributes(node)["href"])
        for node in reader.document.query(".bar a")
    }
    as_json = reader.client.get(told["Download JSON"])
    assert as_json.data == snapshot
    assert json.loads(as_json.data)["format"] == "intake-report/1"
    as_csv = reader.client.get(told["Download CSV"])
    assert (
        as_csv.headers["Content-Disposition"] == 'attachment; filename="completeness-2026-Q3.csv"'
    )
    lines = csv.DictReader(io.StringIO(as_csv.text))
    assert any(line["measure"] == "direct" and line["numerator"] == "40" for line in lines)
    with pages.database.read() as tx:
        assert [entry.action for entry in audit.entries_about(tx, "2026-Q3")] == [
            "report-downloaded"
        ] * 2


def test_an_earlier_period_can_be_shown(
    pages: TestSite, reader: StaffSession, world: ExportFolder, snapshot: bytes
) -> None:
    keep(pages, to_json(build_report(world.folder, report_request("2026-08")).report), "2026-08")
    reader.open_page("/staff/report")
    assert "from Aug 1, 2026 to Aug 31, 2026, counted on" in reader.page.text
    [other] = [node for node in reader.document.query(".bar a") if node.to_text() == "Show 2026-Q3"]
    assert (
        "from Jul 1, 2026 to Sep 30, 2026, counted on"
        in reader.open_page(str(node_attributes(other)["href"])).text
    )
    assert (
        "from Aug 1, 2026 to Aug 31, 2026" in reader.open_page("/staff/report?period=nonsense").text
    )
