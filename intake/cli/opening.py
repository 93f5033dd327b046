"""What several commands begin with: settings, key, database; and in one sentence what is missing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from intake.clock import system_clock
from intake.settings import Settings
from intake.store.crypto import load_keys
from intake.store.database import HEAD, Database, open_database, refuse_newer


class NotReady(Exception):
    """The command cannot begin; the words say what to do."""


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Yield the site's database, of this version's schema; raises NotReady, KeyFault or NewerSchema."""
    database = open_database(settings.database_url, load_keys(settings.key_file), system_clock)
    try:
        revision = database.revision()
        refuse_newer(revision)
        if revision != HEAD:
            found = "has no schema yet" if revision is None else f"has schema {revision}"
            raise NotReady(f"The database {found}; run `intake migrate` first.")
        yield database
    finally:
        database.close()


def served_at(settings: Settings) -> str:
    """Return the address that links begin with; raises NotReady where there is none, or one that answers must not take."""
    from intake.settings import serving_faults

    for fault in serving_faults(settings.public_url):
        raise NotReady(fault)
    return settings.public_url


def complain(words: object) -> None:
    """Say it on standard error."""
    print(words, file=sys.stderr)
