"""What several commands begin with: settings, key, database; and in one sentence what is missing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from intake.clock import system_clock
from intake.settings import Settings
from intake.store.crypto import load_keys
from intake.store.database import HEAD_REVISION, Database, open_database, refuse_newer_schema


class NotReadyError(Exception):
    """The command cannot begin; the words say what to do."""


@contextmanager
def open_current_database(settings: Settings) -> Iterator[Database]:
    """Yield the site's database, of this version's schema; raises NotReady, KeyFault or NewerSchema."""
    database = open_database(settings.database_url, load_keys(settings.key_file), system_clock)
    try:
        revision = database.read_revision()
        refuse_newer_schema(revision)
        if revision != HEAD_REVISION:
            found = "has no schema yet" if revision is None else f"has schema {revision}"
            raise NotReadyError(f"The database {found}; run `intake migrate` first.")
        yield database
    finally:
        database.close()


def require_public_url(settings: Settings) -> str:
    """Return the address that links begin with; raises NotReady where there is none, or one that answers must not take."""
    from intake.settings import find_serving_faults

    for fault in find_serving_faults(settings.public_url):
        raise NotReadyError(fault)
    return settings.public_url


def print_message(words: object) -> None:
    """Say it on standard error."""
    print(words, file=sys.stderr)
