"""Writes the report as JSON, and reads it back."""

import msgspec

from intake.report.values import FORMAT, Report


class NotAReportError(ValueError):
    """The bytes are not a report of this version."""


def to_json(report: Report) -> bytes:
    """Return the report as UTF-8 JSON of config/schemas/report.schema.json."""
    # Indented, so that two snapshots can be compared line by line.
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def from_json(data: bytes) -> Report:
    """Read what `to_json` wrote; raises NotAReportError."""
    try:
        report = msgspec.json.decode(data, type=Report)
    except msgspec.DecodeError as error:
        raise NotAReportError(str(error)) from error
    # A snapshot of another version may decode by chance: the fields could mean something else.
    if report.format != FORMAT:
        raise NotAReportError(f"format {report.format} is not {FORMAT}")
    return report
