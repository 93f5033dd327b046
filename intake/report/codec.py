"""The report as JSON, for scripts and for the snapshots that the store keeps."""

import msgspec

from intake.report.values import FORMAT, Report


class NotAReportError(ValueError):
    """The bytes are no report of this version."""


def to_json(report: Report) -> bytes:
    """The report as JSON in UTF-8, as config/schemas/report.schema.json describes it."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def from_json(data: bytes) -> Report:
    """Read what `to_json` wrote; raises NotAReportError."""
    try:
        report = msgspec.json.decode(data, type=Report)
    except msgspec.DecodeError as error:
        raise NotAReportError(str(error)) from error
    if report.format != FORMAT:
        raise NotAReportError(f"format {report.format} is not {FORMAT}")
    return report
