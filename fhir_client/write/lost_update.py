"""Finds a lost update: our write replaced a change that another client made since we read."""

from collections.abc import Sequence
from datetime import datetime

from fhir_client.client import search_matches
from fhir_client.model import Json
from fhir_client.transport.tolerant_json import object_member
from fhir_client.uscore.chart import patient_meanings
from fhir_client.uscore.chart_shape import MalformedChartError, require_shape
from fhir_client.uscore.statement import Statement
from fhir_client.write.chart_merge import merge_for_server
from fhir_client.write.task import Writer

UNKNOWN_VERSION = "a version that the history does not show"


def find_lost_version(
    patient: Json,
    history: Json,
    writer: Writer,
    statement: Statement,
    base_version: str,
    written_version: str | None,
) -> str | None:
    """Return the version between the one merged into and the one written, None without one.

    `patient` is the chart as it reads back, and `history` its versions, {} where the server shows
    none. The order is that of the version ids, else the history's own (R4, http.html#history: the
    newest version comes first). `lastUpdated` alone is no order, because servers round it.
    """
    listed = list(search_matches(history))
    versions = _order_versions(listed, base_version, writer, statement)
    positions = {_version_id(version): index for index, version in enumerate(versions)}
    if base_version in positions:
        base = positions[base_version]
        if not lacks_statement(versions[base], writer, statement):
            # The chart had the answers already, so nothing was written.
            return None
        later = versions[base + 1 :]
        written = _find_written(later, writer, statement, written_version)
        if written is not None:
            return _version_id(later[written - 1]) if written else None
        if later:
            # The write is not in the history, and this version may have come before it.
            return _version_id(later[-1])
    return _find_gap(patient, versions, writer, base_version, written_version)


def _find_written(
    later: Sequence[Json], writer: Writer, statement: Statement, written_version: str | None
) -> int | None:
    """Return the position of the version that we wrote, None where it is not among them."""
    ids = [_version_id(version) for version in later]
    if written_version in ids:
        return ids.index(written_version)
    # A gateway may send an ETag of its own, which is no version.
    stating = (
        position
        for position, version in enumerate(later)
        if not lacks_statement(version, writer, statement)
    )
    return next(stating, None)


def _find_gap(
    patient: Json,
    versions: Sequence[Json],
    writer: Writer,
    base_version: str,
    written_version: str | None,
) -> str | None:
    """Return UNKNOWN_VERSION where a version may lie between that no history shows."""
    current = _version_id(patient)
    written = written_version if str(written_version).isdecimal() else current
    if current == base_version or written is None:
        return None
    if base_version.isdecimal() and written.isdecimal() and writer.quirks.sequential_versions:
        return UNKNOWN_VERSION if int(written) - int(base_version) > 1 else None
    # A history without the version that was read, or without the one written, is not complete.
    return UNKNOWN_VERSION if versions else None


def _order_versions(
    versions: list[Json], base_version: str, writer: Writer, statement: Statement
) -> list[Json]:
    """Return the versions, the oldest first."""
    ids = [_version_id(version) for version in versions]
    if all(identity.isdecimal() for identity in ids):
        return sorted(versions, key=lambda version: int(_version_id(version)))
    moments = [moment for version in versions if (moment := _updated_at(version)) is not None]
    if len(moments) < len(versions) or moments == sorted(moments, reverse=True):
        return versions[::-1]
    # Some servers list the oldest version first, and some in no order at all.
    if moments == sorted(moments):
        return versions

    def rank(version: Json) -> tuple[datetime | None, int]:
        # A version of the same moment may lie between the one read and the one written.
        is_base = _version_id(version) == base_version
        states = not lacks_statement(version, writer, statement)
        return _updated_at(version), 0 if is_base else 1 + states

    return sorted(versions, key=rank)


def lacks_statement(patient: Json, writer: Writer, statement: Statement) -> bool:
    """Return whether a version of the Patient says otherwise than the statement.

    Nothing says that a malformed version has the answers.
    """
    try:
        require_shape(patient)
    except MalformedChartError:
        return True
    # Meanings, because marks that a server drops make no difference.
    merged = merge_for_server(patient, statement, writer).patient
    return patient_meanings(merged) != patient_meanings(patient)


def _version_id(resource: Json) -> str:
    return str(object_member(resource, "meta").get("versionId", ""))


def _updated_at(resource: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(object_member(resource, "meta").get("lastUpdated")))
    except ValueError:
        return None
    # An instant has an offset (R4, datatypes.html#instant). One without cannot be compared.
    return moment if moment.tzinfo else None
