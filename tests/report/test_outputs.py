"""Every output can be traced, and the JSON keeps to its schema."""

import csv
import io
import json
import math
from dataclasses import replace
from html import escape
from typing import Any

import pytest
from justhtml import JustHTML

from intake.report.build import build_report
from intake.report.codec import NotAReportError, from_json, to_json
from intake.report.labels import list_notes
from intake.report.metrics import build_metric, wilson_interval
from intake.report.outputs import to_csv, to_html, to_text
from intake.report.values import SMALL, WITHHELD, Metric, Report
from intake.shipped import CONFIG
from tests.support.json_schema import schema_faults
from tests.support.report_export import ExportFolder, group_extension, report_request

SCHEMA: dict[str, Any] = json.loads(
    (CONFIG / "schemas" / "report.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
def report(export_folder: ExportFolder) -> Report:
    """Report on sixty people: 40 answered their race, 5 declined, 15 were not asked."""
    for number in range(60):
        export_folder.add_patient(f"p{number}")
        if number < 45:
            options = {"absent": "asked-declined"} if number >= 40 else {}
            export_folder.add_observation(
                "race", *([] if options else ["2028-9"]), patient=f"p{number}", **options
            )
    return build_report(export_folder.write_files(), report_request(), local_facts=[]).report


def test_json_keeps_to_its_schema(report: Report) -> None:
    assert schema_faults(json.loads(to_json(report)), SCHEMA) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["rows", 0, "people"], -7),
        (["rows", 0, "people"], "<7"),
        (["edition"], "public"),
        (["rows", 0, "elements", 0, "states", "self"], "seven"),
        (["rows", 0, "elements", 0, "metrics", "known", "percent"], 101),
        (["snapshot"], "abc"),
        (["period", "name"], "2026-Q5"),
        (["answers"], []),
    ],
)
def test_the_schema_refuses_other_json(report: Report, path: list[Any], value: Any) -> None:
    decoded = json.loads(to_json(report))
    place = decoded
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert schema_faults(decoded, SCHEMA)


def test_json_comes_back_the_same(report: Report) -> None:
    assert from_json(to_json(report)) == report


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format":"intake-report/1"}'])
def test_other_json_is_refused(data: bytes) -> None:
    with pytest.raises(NotAReportError):
        from_json(data)


def test_another_format_is_refused(report: Report) -> None:
    with pytest.raises(NotAReportError, match="intake-report/3"):
        from_json(to_json(replace(report, format="intake-report/3")))


def test_the_report_has_the_exact_numbers(report: Report) -> None:
    race = report.rows[0].elements[0]
    assert (report.rows[0].people, race.states["declined"], race.states["proxy"]) == (60, 5, 0)
    assert race.metrics["direct"] == Metric(40, 60, 66.7, 54.1, 77.3)
    assert race.metrics["gap"].numerator == 15
    assert race.states["not-asked"] == 15


def test_every_output_can_be_traced(report: Report) -> None:
    for text in (to_text(report), to_html(report), to_csv(report), to_json(report).decode()):
        assert report.snapshot in text
        assert report.definition.version in text
        assert "2026-Q3" in text
        assert "2026-11-23T12:00:00" in text


def test_the_html_is_valid_and_accessible(report: Report) -> None:
    page = to_html(report)
    document = JustHTML(page, strict=True, sanitize=False)
    tables = document.query("table.report")
    assert tables
    for table in tables:
        assert table.query("caption")
        assert all((cell.attrs or {}).get("scope") in ("row", "col") for cell in table.query("th"))
    assert all(escape(note) in page for note in list_notes(report.edition))


def test_names_are_escaped(report: Report) -> None:
    odd = replace(report, rows=tuple(replace(row, name="<b>=1+1</b>") for row in report.rows))
    assert "<b>" not in to_html(odd)
    formula = replace(report, rows=tuple(replace(row, name="=1+1") for row in report.rows))
    assert {row["name"] for row in csv.DictReader(io.StringIO(to_csv(formula)))} == {
        "'=1+1",
        "All clinics",
    }


def test_csv_has_every_measure(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    headline = [
        row
        for row in rows
        if (row["clinic"], row["element"], row["measure"]) == ("riverside", "race", "direct")
    ]
    assert [(row["numerator"], row["denominator"], row["percent"]) for row in headline] == [
        ("40", "60", "66.7")
    ]
    assert {row["measure"] for row in rows if row["kind"] == "excluded"} >= {
        "broken-lines",
        "test-patient",
    }


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_wilson_intervals_match_published_values(
    numerator: int, denominator: int, low: float, high: float
) -> None:
    """The values are from Newcombe (1998), in percent."""
    found = wilson_interval(numerator, denominator)
    assert math.isclose(found[0], low, abs_tol=0.006)
    assert math.isclose(found[1], high, abs_tol=0.006)


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown", "percent"),
    [
        (20, 29, 20, None),
        (15, 30, 15, 50.0),
        (WITHHELD, 30, WITHHELD, None),
        (SMALL, 30, SMALL, None),
        (0, 30, 0, 0.0),
    ],
)
def test_a_share_of_few_people_or_a_hidden_count_is_withheld(
    numerator: Any, denominator: Any, shown: Any, percent: float | None
) -> None:
    found = build_metric(numerator, denominator, fewest=30)
    assert (found.numerator, found.percent) == (shown, percent)


def test_the_headline_is_shown_despite_a_group_without_answers(
    export_folder: ExportFolder,
) -> None:
    for number in range(60):
        export_folder.add_patient(
            f"p{number}",
            *([group_extension("race", "2106-3", text="White")] if number < 30 else []),
        )
    row = build_report(export_folder.write_files(), report_request()).report.rows[-1]
    assert row.elements[0].metrics["known"].percent == 50.0
    assert row.elements[0].metrics["direct"].percent == 0.0
