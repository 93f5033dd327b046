"""Writes the report as plain text, CSV or one HTML page."""

import csv
import io
from collections.abc import Iterator
from html import escape

from intake.report.labels import (
    ALL_CLINICS,
    EDITION_LABELS,
    ELEMENT_LABELS,
    EXCLUSION_LABELS,
    METRIC_LABELS,
    NO_VISIBLE_TEXT,
    PLACEHOLDER_LABELS,
    STATE_LABELS,
    TOGETHER_LABELS,
    describe_missing,
    list_notes,
)
from intake.report.values import WITHHELD, Count, ElementResult, Metric, Report, ReportRow

_COLUMNS = (
    *("edition", "as_of", "period", "definition", "snapshot"),
    *("clinic", "name", "element", "kind", "measure"),
    *("numerator", "denominator", "percent", "low", "high"),
)
_SHARES = ("direct", "known", "asked", "decline")
_STYLE = (
    "body{font:1rem/1.5 sans-serif;margin:2rem;color:#1b1b1b}"
    "table{border-collapse:collapse;margin:1rem 0 2rem}"
    "caption{text-align:start;font-weight:bold;padding:.5rem 0}"
    "th,td{border:1px solid #767676;padding:.3rem .6rem;text-align:end}"
    "th{text-align:start;background:#f2f2f2}"
    ".warning{border:2px solid #9b1c1c;padding:.5rem 1rem}"
)


def trace_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Return names and values that trace the report's numbers to their data."""
    newest = report.newest_encounter.isoformat() if report.newest_encounter else "none"
    days = f"{report.period.name} ({report.period.first} up to, not including, {report.period.end})"
    return (
        ("Edition", EDITION_LABELS[report.edition]),
        ("As of", report.as_of.isoformat(timespec="seconds")),
        ("Period", days),
        ("Definition", report.definition.version),
        ("Snapshot", report.snapshot),
        ("Newest encounter", newest),
        ("Lines that could not be read", str(report.broken_lines)),
    )


def list_warnings(report: Report) -> tuple[str, ...]:
    """Return what a reader must know before any number: what is missing from all of them."""
    warnings = [
        f"Incomplete: {describe_missing(part)}. No total of this report can be right."
        for part in report.missing
    ]
    if report.broken_lines:
        lines = "1 line" if report.broken_lines == 1 else f"{report.broken_lines} lines"
        warnings.append(f"{lines} could not be read; the other lines are counted.")
    return tuple(warnings)


def list_placeholders(report: Report) -> tuple[tuple[str, str, str, Count], ...]:
    """Return each placeholder that charts hold: element, text, what it counts as, how often."""
    return tuple(
        (
            ELEMENT_LABELS[placeholder.element],
            placeholder.text or NO_VISIBLE_TEXT,
            PLACEHOLDER_LABELS[placeholder.kind],
            placeholder.count,
        )
        for placeholder in report.placeholders
    )


def has_together(report: Report) -> bool:
    """Return whether the edition counts the patients with all elements known."""
    return bool(report.rows[-1].together)


def row_name(row: ReportRow) -> str:
    """Return the clinic's name, or the label of the organization's row."""
    return row.name if row.clinic is not None else ALL_CLINICS


def find_element(row: ReportRow, element: str) -> ElementResult:
    """Return the row's result for the element."""
    return next(result for result in row.elements if result.element == element)


def format_share(metric: Metric) -> str:
    """Return the percentage with its range, or that it is withheld."""
    return (
        WITHHELD if metric.percent is None else f"{metric.percent} % ({metric.low}–{metric.high})"
    )


def format_fraction(metric: Metric) -> str:
    """Return the numerator and the denominator."""
    return f"{metric.numerator} / {metric.denominator}"


def to_text(report: Report) -> str:
    """Return the report as plain text."""
    lines = [
        "Completeness report",
        EDITION_LABELS[report.edition],
        *list_warnings(report),
        *(f"{name}: {value}" for name, value in trace_facts(report)),
        "",
    ]
    for element, title in ELEMENT_LABELS.items():
        lines += _align_columns(title, list(_text_table(report, element)))
    if has_together(report):
        lines += _align_columns("All together", list(_together_table(report)))
    lines += ["Left out", *(f"  {words}: {count}" for words, count in list_exclusions(report)), ""]
    if report.placeholders:
        lines += _align_columns("Texts in place of an answer", _placeholder_table(report))
    return "\n".join([*lines, *list_notes(report.edition)]) + "\n"


def list_exclusions(report: Report) -> tuple[tuple[str, Count], ...]:
    """Return the reasons' labels with their counts."""
    return tuple(
        (EXCLUSION_LABELS.get(exclusion.reason, exclusion.reason), exclusion.count)
        for exclusion in report.excluded
    )


def _placeholder_table(report: Report) -> list[list[str]]:
    head = ["Element", "Text in the chart", "Meaning", "Count"]
    return [head, *(list(map(str, cells)) for cells in list_placeholders(report))]


def _text_table(report: Report, element: str) -> Iterator[list[str]]:
    yield ["Clinic", "Patients", *STATE_LABELS.values(), *(METRIC_LABELS[name] for name in _SHARES)]
    for row in report.rows:
        result = find_element(row, element)
        counts = [str(result.states[state]) for state in STATE_LABELS]
        yield [
            row_name(row),
            str(row.people),
            *counts,
            *(format_share(result.metrics[name]) for name in _SHARES),
        ]


def _together_table(report: Report) -> Iterator[list[str]]:
    yield ["Clinic", "Patients", *TOGETHER_LABELS.values()]
    for row in report.rows:
        yield [
            row_name(row),
            str(row.people),
            *(format_share(row.together[name]) for name in TOGETHER_LABELS),
        ]


def _align_columns(title: str, table: list[list[str]]) -> list[str]:
    """Return a title and a line per row, the columns padded to their widest cells."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return [title, *lines, ""]


def to_csv(report: Report) -> str:
    """Return a line per clinic, element and measure, each with its tracing facts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    trace = [
        report.edition.value,
        report.as_of.isoformat(),
        report.period.name,
        report.definition.version,
        report.snapshot,
    ]
    writer.writerow(_COLUMNS)
    writer.writerows([*trace, *cells] for cells in _list_missing(report))
    # One long table: a pivot table needs the states and the metrics in the same columns.
    for row in report.rows:
        for element, kind, measure, metric in _list_measures(row):
            percentages = [metric.percent, metric.low, metric.high]
            cells = [
                row.clinic or "",
                row_name(row),
                element,
                kind,
                measure,
                metric.numerator,
                metric.denominator,
            ]
            writer.writerow([*trace, *(escape_formula(cell) for cell in cells), *percentages])
    for exclusion in report.excluded:
        cells = [exclusion.reason, exclusion.count]
        writer.writerow([*trace, "", ALL_CLINICS, "", "excluded", *cells, "", "", "", ""])
    for placeholder in report.placeholders:
        text = escape_formula(placeholder.text or NO_VISIBLE_TEXT)
        place = ["", ALL_CLINICS, placeholder.element, "placeholder"]
        writer.writerow([*trace, *place, text, placeholder.count, "", "", "", ""])
    broken = ["broken-lines", report.broken_lines]
    writer.writerow([*trace, "", ALL_CLINICS, "", "excluded", *broken, "", "", "", ""])
    return out.getvalue()


def _list_missing(report: Report) -> Iterator[list[Count]]:
    for part in report.missing:
        words = [escape_formula(part.cause), escape_formula(part.file)]
        yield ["", ALL_CLINICS, part.kind, "missing", *words, part.lines, "", "", ""]


def _list_measures(row: ReportRow) -> Iterator[tuple[str, str, str, Metric]]:
    for result in row.elements:
        for state, count in result.states.items():
            yield result.element, "state", state, Metric(count, row.people)
        for name, metric in result.metrics.items():
            yield result.element, "metric", name, metric
    for name, metric in row.together.items():
        yield "together", "metric", name, metric


def escape_formula(cell: Count) -> Count:
    """Put an apostrophe before a name that a spreadsheet would run as a formula."""
    # A clinic's name comes from the EHR, and spreadsheets run formulas of CSV files.
    return (
        f"'{cell}"
        if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        else cell
    )


def to_html(report: Report) -> str:
    """Return one page without scripts, links or images."""
    trace = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in trace_facts(report)
    )
    tables = [
        _html_table(title, list(_text_table(report, element)))
        for element, title in ELEMENT_LABELS.items()
    ]
    tables += [
        _html_table(f"{title}: all metrics", list(_metric_table(report, element)))
        for element, title in ELEMENT_LABELS.items()
    ]
    if has_together(report):
        tables.append(_html_table("All together", list(_together_table(report))))
    left_out = [
        ["Reason", "Count"],
        *([words, str(count)] for words, count in list_exclusions(report)),
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in list_notes(report.edition))
    warnings = "".join(
        f'<p class="warning"><strong>{escape(warning)}</strong></p>'
        for warning in list_warnings(report)
    )
    if report.placeholders:
        tables.append(_html_table("Texts in place of an answer", _placeholder_table(report)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Completeness report</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>Completeness report</h1>"
        f'<p class="edition"><strong>{escape(EDITION_LABELS[report.edition])}</strong></p>'
        f"{warnings}<dl>{trace}</dl>{''.join(tables)}"
        f"{_html_table('Left out', left_out)}<ul>{notes}</ul></main></body></html>\n"
    )


def _metric_table(report: Report, element: str) -> Iterator[list[str]]:
    yield ["Clinic", "Metric", "Count", "Share"]
    for row in report.rows:
        for name, metric in find_element(row, element).metrics.items():
            yield [
                row_name(row),
                METRIC_LABELS[name],
                format_fraction(metric),
                format_share(metric),
            ]


def _html_table(caption: str, table: list[list[str]]) -> str:
    # Names come from the EHR: every cell is escaped.
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table[0])
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table[1:]
    )
    return (
        f'<table class="report"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
