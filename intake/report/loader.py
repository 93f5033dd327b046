"""Fills the flat tables from NDJSON files with DuckDB, in bounded memory, leaving broken lines out."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from intake.report import tables
from intake.report.files import RESOURCE_TYPES, sift_file
from intake.report.macros import MACROS
from intake.report.shapes import SHAPES, lenient_source, strict_source
from intake.report.values import BrokenLine

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "1GB"
"""What DuckDB may hold before it spills to the temporary folder; the number of people does not change it."""

_FILLS = {
    "Patient": tables.PATIENT,
    "Encounter": tables.ENCOUNTER,
    "Observation": tables.OBSERVATION,
    "Provenance": tables.PROVENANCE,
    "Organization": tables.ORGANIZATION,
    "Location": tables.LOCATION,
    "Appointment": tables.APPOINTMENT,
}
_PLACE = """CREATE TABLE place (kind VARCHAR, id VARCHAR, name VARCHAR, identifiers VARCHAR[], parent VARCHAR,
    organization VARCHAR)"""


class UnreadableFilesError(ValueError):
    """The files hold something that neither the reading nor the sifting can cope with."""


@dataclass
class LoadedFiles:
    """Which files were read in the end, and which lines were not."""

    files: dict[str, tuple[Path, ...]]
    broken: list[BrokenLine] = field(default_factory=list)
    more_broken: int = 0

    @property
    def broken_lines(self) -> int:
        """How many lines were left out."""
        return len(self.broken) + self.more_broken


@contextmanager
def open_engine(memory_limit: str = MEMORY_LIMIT) -> Iterator[tuple["DuckDBPyConnection", Path]]:
    """Open a DuckDB that lives in a temporary folder and leaves nothing behind."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="intake-report-") as folder:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"SET memory_limit = '{memory_limit}'")
            connection.execute("SET temp_directory = $folder", {"folder": folder})
            connection.execute("SET autoinstall_known_extensions = false")
            connection.execute(MACROS)
            yield connection, Path(folder)
        finally:
            connection.close()


def load_tables(
    connection: "DuckDBPyConnection", folder: Path, files: Mapping[str, tuple[Path, ...]]
) -> LoadedFiles:
    """Fill every flat table; a type without files gets an empty one."""
    connection.execute(_PLACE)
    loaded = LoadedFiles({kind: tuple(files.get(kind, ())) for kind in RESOURCE_TYPES})
    for kind in RESOURCE_TYPES:
        if loaded.files[kind]:
            _fill(connection, folder, loaded, kind)
    connection.execute(tables.EMPTY)
    for table in ("patient", "encounter", "observation"):
        _newest_only(connection, table)
    _each_once(connection)
    _resolve_patient_tokens(connection, loaded)
    return loaded


def _fill(connection: "DuckDBPyConnection", folder: Path, loaded: LoadedFiles, kind: str) -> None:
    """Read at full speed; only where a line is refused, look at each line of the type, and read what is sound."""
    import duckdb

    try:
        _read(connection, _FILLS[kind], strict_source(SHAPES[kind]), loaded.files[kind])
    except duckdb.Error:
        sifted = [sift_file(path, kind, folder) for path in loaded.files[kind]]
    else:
        return
    loaded.files[kind] = tuple(one.path for one in sifted)
    loaded.broken += [line for one in sifted for line in one.broken]
    loaded.more_broken += sum(one.more_broken for one in sifted)
    try:
        _read(connection, _FILLS[kind], lenient_source(SHAPES[kind]), loaded.files[kind])
    except duckdb.Error as error:
        raise UnreadableFilesError(
            f"the {kind} files cannot be read ({type(error).__name__})"
        ) from None


def _read(
    connection: "DuckDBPyConnection", fill: str, source: str, files: tuple[Path, ...]
) -> None:
    connection.execute(
        fill.replace("FROM source", f"FROM {source}"), {"files": [str(path) for path in files]}
    )


def _newest_only(connection: "DuckDBPyConnection", table: str) -> None:
    """Keep the last version where an export holds a resource more than once."""
    total, different = connection.execute(
        f"SELECT count(*), count(DISTINCT id) FROM {table}"  # noqa: S608
    ).fetchall()[0]
    if total == different:
        return
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} QUALIFY row_number() OVER "  # noqa: S608
        "(PARTITION BY id ORDER BY updated_at DESC NULLS LAST) = 1"
    )


def _each_once(connection: "DuckDBPyConnection") -> None:
    """Keep one of each row of provenance: paged searches bring it along with everything that it speaks of."""
    total, different = connection.execute(
        "SELECT count(*), count(DISTINCT (id, kind, target, element)) FROM provenance"
    ).fetchall()[0]
    if total != different:
        connection.execute(
            "CREATE OR REPLACE TABLE provenance AS SELECT DISTINCT * FROM provenance"
        )


def _resolve_patient_tokens(connection: "DuckDBPyConnection", loaded: LoadedFiles) -> None:
    """Learn the ids of patients that are named by an identifier; the files are read again only where some are."""
    connection.execute("""
        CREATE TABLE patient_token (key VARCHAR, id VARCHAR);
        CREATE TABLE wanted_token AS SELECT DISTINCT patient AS key FROM (
            SELECT patient FROM encounter UNION ALL SELECT patient FROM observation
            UNION ALL SELECT merged_into FROM patient) WHERE starts_with(patient, '?')""")
    wanted = connection.execute("SELECT count(*) FROM wanted_token").fetchall()[0][0]
    if wanted and loaded.files["Patient"]:
        _read(
            connection,
            tables.PATIENT_TOKENS,
            lenient_source(SHAPES["PatientIdentifier"]),
            loaded.files["Patient"],
        )
        connection.execute("""
            UPDATE encounter SET patient = t.id FROM patient_token t WHERE t.key = encounter.patient;
            UPDATE observation SET patient = t.id FROM patient_token t WHERE t.key = observation.patient;
            UPDATE patient SET merged_into = t.id FROM patient_token t WHERE t.key = patient.merged_into""")
