"""Fills the flat tables from NDJSON files with DuckDB, in bounded memory.

The columns are a contract, which another engine may fill as well (`sql/empty_tables.sql` has their
types): patient(id, merged_into, test, race_codes, race_text, ethnicity_codes, ethnicity_text,
spoken_codes, spoken_text, written_codes, written_text, interpreter_codes) · encounter(id, patient,
status, start_at, start_on, organization, locations, appointments) · observation(id, patient,
element, source, answered_at, codes, text, absent) · provenance(target, element, source,
answered_at) · place(kind, id, name, identifiers, parent, organization) · appointment(id,
locations).

References are keys: a resource's id, or `?system|value` where the reference has only an identifier.
Codes are bare for CDCREC, SNOMED CT, null flavors, absent reasons and language tags, else
`system|code`. `source` is self, proxy, other or NULL.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fhir_client import spellings
from intake.report.files import RESOURCE_TYPES, sift_file
from intake.report.queries import read_query
from intake.report.shapes import SHAPES, lenient_source, strict_source
from intake.report.values import BrokenLine, MissingPart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "1GB"
"""What DuckDB may hold in memory before it spills to the temporary folder."""

SYSTEMS = [
    *spellings.CDCREC,
    *spellings.NULL_FLAVOR,
    *spellings.DATA_ABSENT_REASON,
    *spellings.LANGUAGES,
    *spellings.SNOMED_CT,
]
"""Every spelling of the systems that the report reads."""


class UnreadableFilesError(ValueError):
    """The files hold something that neither DuckDB nor the sifting can read."""


@dataclass
class LoadedFiles:
    """The files that were read in the end, and the lines and parts that were not."""

    files: dict[str, tuple[Path, ...]]
    broken: list[BrokenLine] = field(default_factory=list)
    more_broken: int = 0
    missing: list[MissingPart] = field(default_factory=list)

    @property
    def broken_lines(self) -> int:
        """Return how many lines were left out."""
        return len(self.broken) + self.more_broken


@contextmanager
def open_engine(memory_limit: str = MEMORY_LIMIT) -> Iterator[tuple["DuckDBPyConnection", Path]]:
    """Open a DuckDB in a temporary folder, which is removed at the end."""
    # A heavy library: only the making of a report pays for its import.
    import duckdb

    with tempfile.TemporaryDirectory(prefix="intake-report-") as folder:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"SET memory_limit = '{memory_limit}'")
            connection.execute("SET temp_directory = $folder", {"folder": folder})
            # A clinic's machine may have no way out: DuckDB must not look for extensions there.
            connection.execute("SET autoinstall_known_extensions = false")
            connection.execute("SET VARIABLE readable_systems = $systems", {"systems": SYSTEMS})
            connection.execute(
                "SET VARIABLE shortest_codes = map($longer, $shortest)",
                {
                    "longer": list(spellings.SHORTEST_CODES),
                    "shortest": list(spellings.SHORTEST_CODES.values()),
                },
            )
            connection.execute(read_query("macros"))
            yield connection, Path(folder)
        finally:
            connection.close()


def load_tables(
    connection: "DuckDBPyConnection", folder: Path, files: Mapping[str, tuple[Path, ...]]
) -> LoadedFiles:
    """Fill every flat table; a resource type without files gets an empty one."""
    connection.execute(read_query("place"))
    loaded = LoadedFiles({kind: tuple(files.get(kind, ())) for kind in RESOURCE_TYPES})
    for kind in RESOURCE_TYPES:
        if loaded.files[kind]:
            _fill_table(connection, folder, loaded, kind)
    # The queries after this need every table, also of types that the export lacks.
    connection.execute(read_query("empty_tables"))
    for table in ("patient", "encounter", "observation"):
        _keep_newest(connection, table)
    _drop_repeated_provenance(connection)
    _resolve_patient_tokens(connection, loaded)
    return loaded


def _fill_table(
    connection: "DuckDBPyConnection", folder: Path, loaded: LoadedFiles, kind: str
) -> None:
    """Read the files fast; if DuckDB refuses a line, sift them and read the rest."""
    import duckdb

    query = read_query(kind.lower())
    try:
        _execute_over(connection, query, strict_source(SHAPES[kind]), loaded.files[kind])
    except duckdb.Error:
        sifted_files = [sift_file(path, kind, folder) for path in loaded.files[kind]]
    else:
        return
    loaded.files[kind] = tuple(sifted.path for sifted in sifted_files)
    loaded.broken += [line for sifted in sifted_files for line in sifted.broken]
    loaded.more_broken += sum(sifted.more_broken for sifted in sifted_files)
    loaded.missing += [sifted.missing for sifted in sifted_files if sifted.missing]
    try:
        _execute_over(connection, query, lenient_source(SHAPES[kind]), loaded.files[kind])
    except duckdb.Error as error:
        # DuckDB's own message may quote a line, and a line may hold a patient's name.
        raise UnreadableFilesError(
            f"the {kind} files cannot be read ({type(error).__name__})"
        ) from None


def _execute_over(
    connection: "DuckDBPyConnection", query: str, source: str, files: tuple[Path, ...]
) -> None:
    connection.execute(
        query.replace("FROM source", f"FROM {source}"), {"files": [str(path) for path in files]}
    )


def _keep_newest(connection: "DuckDBPyConnection", table: str) -> None:
    """Keep the newest version where an export holds a resource more than once."""
    total, different = connection.execute(
        f"SELECT count(*), count(DISTINCT id) FROM {table}"  # noqa: S608
    ).fetchall()[0]
    # Sorting a large table costs more than counting it, and most exports repeat nothing.
    if total == different:
        return
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} QUALIFY row_number() OVER "  # noqa: S608
        "(PARTITION BY id ORDER BY updated_at DESC NULLS LAST) = 1"
    )


def _drop_repeated_provenance(connection: "DuckDBPyConnection") -> None:
    """Keep one of each row: a paged search returns a Provenance once per target."""
    total, different = connection.execute(
        "SELECT count(*), count(DISTINCT (id, kind, target, element)) FROM provenance"
    ).fetchall()[0]
    if total != different:
        connection.execute(
            "CREATE OR REPLACE TABLE provenance AS SELECT DISTINCT * FROM provenance"
        )


def _resolve_patient_tokens(connection: "DuckDBPyConnection", loaded: LoadedFiles) -> None:
    """Replace references to a patient by identifier with the patient's id."""
    connection.execute(read_query("wanted_tokens"))
    wanted_count = connection.execute("SELECT count(*) FROM wanted_token").fetchall()[0][0]
    # The patient files are read a second time only where a reference needs it.
    if wanted_count and loaded.files["Patient"]:
        _execute_over(
            connection,
            read_query("patient_tokens"),
            lenient_source(SHAPES["PatientIdentifier"]),
            loaded.files["Patient"],
        )
        connection.execute(read_query("replace_tokens"))
