"""The report for people and spreadsheets: plain text, CSV and one HTML page that stands alone."""

import csv
import io
from collections.abc import Iterator
from html import escape

from intake.report.labels import (
    ALL_CLINICS,
    ELEMENT_LABELS,
    EXCLUSION_LABELS,
    METRIC_LABELS,
    NOTES,
    STATE_LABELS,
    TOGETHER_LABELS,
)
from intake.report.values import WITHHELD, Count, Metric, Report, ReportRow

_COLUMNS = (
    *("as_of", "period", "definition", "snapshot", "clinic", "name", "element", "kind", "measure"),
    *("numerator", "denominator", "percent", "low", "high"),
)
_SHARES = ("direct", "known", "asked", "decline")
_STYLE = (
    "body{font:1rem/1.5 sans-serif;margin:2rem;color:#1b1b1b}table{border-collapse:collapse;margin:1rem 0 2rem}"
    "caption{text-align:start;font-weight:bold;padding:.5rem 0}th,td{border:1px solid #767676;padding:.3rem .6rem;"
    "text-align:end}th{text-align:start;background:#f2f2f2}"
)


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """What every output carries so that its numbers can be traced, as pairs of name and value."""
    newest = report.newest_encounter.isoformat() if report.newest_encounter else "none"
    days = f"{report.period.name} ({report.period.first} up to, not including, {report.period.end})"
    return (
        ("As of", report.as_of.isoformat(timespec="seconds")),
        ("Period", days),
        ("Definition", report.definition.version),
        ("Snapshot", report.snapshot),
        ("Newest encounter", newest),
        ("Lines that could not be read", str(report.broken_lines)),
    )


def row_name(row: ReportRow) -> str:
    """The clinic's name, or the words for the organization's row."""
    return row.name if row.clinic is not None else ALL_CLINICS


def share(metric: Metric) -> str:
    """The percentage with its range, or the word that it is withheld."""
    return (
        WITHHELD if metric.percent is None else f"{metric.percent} % ({metric.low}–{metric.high})"
    )


def fraction(metric: Metric) -> str:
    """The numerator and the denominator."""
    return f"{metric.numerator} / {metric.denominator}"


def to_text(report: Report) -> str:
    """The report as plain text."""
    lines = ["Completeness report", *(f"{name}: {value}" for name, value in facts(report)), ""]
    for element, title in ELEMENT_LABELS.items():
        lines += _aligned(title, list(_text_table(report, element)))
    lines += _aligned("All together", list(_together_table(report)))
    lines += ["Left out", *(f"  {words}: {count}" for words, count in exclusions(report)), ""]
    return "\n".join([*lines, *NOTES]) + "\n"


def exclusions(report: Report) -> tuple[tuple[str, Count], ...]:
    """The reasons in words with their counts."""
    return tuple(
        (EXCLUSION_LABELS.get(one.reason, one.reason), one.count) for one in report.excluded
    )


def _text_table(report: Report, element: str) -> Iterator[list[str]]:
    yield ["Clinic", "Patients", *STATE_LABELS.values(), *(METRIC_LABELS[name] for name in _SHARES)]
    for row in report.rows:
        one = next(result for result in row.elements if result.element == element)
        counts = [str(one.states[state]) for state in STATE_LABELS]
        yield [
            row_name(row),
            str(row.people),
            *counts,
            *(share(one.metrics[name]) for name in _SHARES),
        ]


def _together_table(report: Report) -> Iterator[list[str]]:
    yield ["Clinic", "Patients", *TOGETHER_LABELS.values()]
    for row in report.rows:
        yield [
            row_name(row),
            str(row.people),
            *(share(row.together[name]) for name in TOGETHER_LABELS),
        ]


def _aligned(title: str, table: list[list[str]]) -> list[str]:
    """Each row on a line of its own, its columns padded to the widest cell."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return [title, *lines, ""]


def to_csv(report: Report) -> str:
    """One line per clinic, element and measure, states and metrics alike; the facts stand in every line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    traced = [
        report.as_of.isoformat(),
        report.period.name,
        report.definition.version,
        report.snapshot,
    ]
    writer.writerow(_COLUMNS)
    for row in report.rows:
        for element, kind, measure, metric in _measures(row):
            written = [metric.percent, metric.low, metric.high]
            cells = [
                row.clinic or "",
                row_name(row),
                element,
                kind,
                measure,
                metric.numerator,
                metric.denominator,
            ]
            writer.writerow([*traced, *(escape_formula(cell) for cell in cells), *written])
    for one in report.excluded:
        writer.writerow(
            [*traced, "", ALL_CLINICS, "", "excluded", one.reason, one.count, "", "", "", ""]
        )
    writer.writerow(
        [
            *traced,
            "",
            ALL_CLINICS,
            "",
            "excluded",
            "broken-lines",
            report.broken_lines,
            "",
            "",
            "",
            "",
        ]
    )
    return out.getvalue()


def _measures(row: ReportRow) -> Iterator[tuple[str, str, str, Metric]]:
    for one in row.elements:
        for state, count in one.states.items():
            yield one.element, "state", state, Metric(count, row.people)
        for name, metric in one.metrics.items():
            yield one.element, "metric", name, metric
    for name, metric in row.together.items():
        yield "together", "metric", name, metric


def escape_formula(cell: Count) -> Count:
    """A name that a spreadsheet would take for a formula gets an apostrophe before it."""
    return (
        f"'{cell}"
        if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        else cell
    )


def to_html(report: Report) -> str:
    """One page without scripts or outside parts."""
    told = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts(report)
    )
    tables = [
        _html_table(title, list(_text_table(report, element)))
        for element, title in ELEMENT_LABELS.items()
    ]
    tables += [
        _html_table(f"{title}: all metrics", list(_metric_table(report, e)))
        for e, title in ELEMENT_LABELS.items()
    ]
    tables.append(_html_table("All together", list(_together_table(report))))
    left_out = [["Reason", "Count"], *([words, str(count)] for words, count in exclusions(report))]
    notes = "".join(f"<li>{escape(note)}</li>" for note in NOTES)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Completeness report</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>Completeness report</h1><dl>{told}</dl>{''.join(tables)}"
        f"{_html_table('Left out', left_out)}<ul>{notes}</ul></main></body></html>\n"
    )


def _metric_table(report: Report, element: str) -> Iterator[list[str]]:
    yield ["Clinic", "Metric", "Count", "Share"]
    for row in report.rows:
        one = next(result for result in row.elements if result.element == element)
        for name, metric in one.metrics.items():
            yield [row_name(row), METRIC_LABELS[name], fraction(metric), share(metric)]


def _html_table(caption: str, table: list[list[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table[0])
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table[1:]
    )
    return f'<table class="report"><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
