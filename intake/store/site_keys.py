"""Whether a database and a key file belong together."""

from pathlib import Path

from sqlalchemy import LargeBinary, inspect, make_url, select

from intake.store.database import open_engine
from intake.store.tables import metadata, reports, site_values

ENCRYPTED_COLUMNS = tuple(
    column
    for table in metadata.tables.values()
    # The snapshots of reports hold suppressed counts, and the site's values hold no answer.
    if table not in (reports, site_values)
    for column in table.columns
    if isinstance(column.type, LargeBinary)
)


def holds_encrypted_rows(url: str) -> bool:
    """Return whether the database at `url`, which need not exist, holds anything encrypted.

    It needs no key, and the schema may be an older one.
    """
    address = make_url(url)
    # To open a SQLite database that does not exist would create it.
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        return False
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            inspector = inspect(connection)
            present = {
                (table, column["name"])
                for table in inspector.get_table_names()
                for column in inspector.get_columns(table)
            }
            queries = (
                select(column).where(column.is_not(None)).limit(1)
                for column in ENCRYPTED_COLUMNS
                if (column.table.name, column.name) in present
            )
            return any(connection.execute(query).first() is not None for query in queries)
    finally:
        engine.dispose()
