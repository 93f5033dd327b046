"""Migration of a database to this version's schema.

Alembic is imported only here and only when needed: no page and no worker loads it.
"""

from pathlib import Path

from sqlalchemy import Column, Table, inspect

from intake.store.database import open_engine, read_revision, refuse_newer_schema
from intake.store.tables import metadata

VERSIONS = Path(__file__).parent / "versions"


def add_missing_columns(table: Table, *names: str) -> None:
    """Add those of the columns that the table lacks, from within a revision.

    On a new database the first revision creates the current tables, with all columns.
    """
    from alembic import op

    # The check makes a revision harmless on a database that has the columns already.
    present = {column["name"] for column in inspect(op.get_bind()).get_columns(table.name)}
    for name in names:
        if name not in present:
            op.add_column(
                table.name,
                Column(name, table.c[name].type, server_default=table.c[name].server_default),
            )


def migrate_database(url: str) -> None:
    """Migrate the database at `url` to the newest revision; raises NewerSchemaError."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("version_locations", str(VERSIONS))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)
    engine = open_engine(url)
    # Alembic's own command module uses this method too; a public one does not exist.
    upgrade = script._upgrade_revs
    context = EnvironmentContext(
        config, script, fn=lambda revision, _context: upgrade("heads", revision)
    )
    with engine.begin() as connection:
        refuse_newer_schema(read_revision(connection))
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
