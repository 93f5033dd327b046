"""Whether a database and a key file belong together."""

from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from sqlalchemy import LargeBinary, inspect, make_url, select

from intake.store import health
from intake.store.crypto import KeyFileError, read_site_id, save_site_id
from intake.store.database import Database, Tx, open_engine, read_revision
from intake.store.report_tables import reports
from intake.store.tables import metadata, site_values

SITE_ID, KEY_CHECK = "site-id", "key-check"
"""The names of the two values that a start compares with the key file."""

ENCRYPTED_COLUMNS = tuple(
    column
    for table in metadata.tables.values()
    # The snapshots of reports hold suppressed counts, and the site's values hold no answer.
    if table not in (reports, site_values)
    for column in table.columns
    if isinstance(column.type, LargeBinary)
)


def is_blank(url: str) -> bool:
    """Return whether the database at `url` does not exist or has no schema."""
    if _is_missing_file(url):
        return True
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return read_revision(connection) is None
    finally:
        engine.dispose()


def _is_missing_file(url: str) -> bool:
    # To open a SQLite database that does not exist would create it.
    address = make_url(url)
    return address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file()


def holds_encrypted_rows(url: str) -> bool:
    """Return whether the database at `url`, which need not exist, holds anything encrypted.

    It needs no key, and the schema may be an older one.
    """
    if _is_missing_file(url):
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


def bind_site(database: Database, key_file: Path) -> None:
    """Give database and key file the same site id, once; raises KeyFileError on a mismatch.

    A database and a key file from before these values get them, if the key decrypts the rows.
    """
    file_id = read_site_id(key_file)
    with database.read() as tx:
        stored_id = _read_value(tx, SITE_ID)
        refuse_foreign_key(tx, key_file)
        if stored_id is None:
            _refuse_emptied_database(tx, file_id, key_file)
        elif file_id not in (None, stored_id):
            raise KeyFileError(
                f"The database belongs to another site than {key_file}. "
                "Restore the one that fits the other."
            )
    if stored_id is None:
        stored_id = _store_values(database, file_id or uuid4().hex)
    if file_id is None:
        # A key file may lie on a disk that is read-only. The key check value still protects it.
        with suppress(OSError):
            save_site_id(key_file, stored_id)


def refuse_foreign_key(tx: Tx, key_file: Path) -> None:
    """Raise KeyFileError if another key file's key is that of the database."""
    if _read_value(tx, KEY_CHECK) not in (None, _key_check(tx)):
        raise KeyFileError(
            f"The database was encrypted with another key than the one in {key_file}. "
            "Restore the key file from its backup."
        )


def _refuse_emptied_database(tx: Tx, file_id: str | None, key_file: Path) -> None:
    # A backup from before the site id holds rows; a database that was emptied has none.
    if health.decrypt_samples(tx) == 0 and file_id is not None:
        raise KeyFileError(
            f"The database is empty, but {key_file} belongs to a site with a database. "
            "Restore the database from its backup, or use a new key file for a new site."
        )


def _store_values(database: Database, site_id: str) -> str:
    """Store the values unless another process has just done so; return the stored site id."""
    with database.write() as tx:
        for name, value in ((SITE_ID, site_id), (KEY_CHECK, _key_check(tx))):
            tx.insert_new(site_values, {"name": name, "value": value.encode()})
        return _read_value(tx, SITE_ID) or site_id


def _read_value(tx: Tx, name: str) -> str | None:
    query = select(site_values.c.value).where(site_values.c.name == name)
    value: bytes | None = tx.connection.execute(query).scalar()
    return None if value is None else value.decode()


def _key_check(tx: Tx) -> str:
    return tx.cipher.keyed_hash("key-check", "site")
