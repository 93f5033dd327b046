"""What most commands start with: settings, key and database, or a sentence on what is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from intake.cli.output import print_message
from intake.clock import system_clock
from intake.i18n import existing_tags
from intake.questions import QuestionSet
from intake.settings import Server, Settings, find_serving_faults
from intake.store.crypto import load_keys
from intake.store.database import (
    HEAD_REVISION,
    WORK_PATIENCE,
    Database,
    Patience,
    open_database,
    refuse_newer_schema,
)
from intake.store.site_keys import bind_site

AUDIT_ACTOR = "command line"
"""The actor in the audit entries of commands."""


class NotReadyError(Exception):
    """The command cannot start; the message says what to do."""


@contextmanager
def open_current_database(
    settings: Settings, patience: Patience = WORK_PATIENCE
) -> Iterator[Database]:
    """Yield the site's database with this version's schema.

    Raises NotReadyError, KeyFileError or NewerSchemaError.
    """
    # Only `intake migrate` changes the schema: the pages and the worker of other machines may
    # still run on it.
    cipher = load_keys(settings.key_file)
    database = open_database(settings.database_url, cipher, system_clock, patience)
    try:
        revision = database.read_revision()
        refuse_newer_schema(revision)
        if revision != HEAD_REVISION:
            state = "has no schema yet" if revision is None else f"has schema {revision}"
            raise NotReadyError(f"The database {state}; run `intake migrate` first.")
        bind_site(database, settings.key_file)
        yield database
    finally:
        database.close()


def require_public_url(settings: Settings) -> str:
    """Return the address that links begin with; raises NotReadyError if it may not be served."""
    # The first fault is enough: each of them alone makes the address unusable.
    for fault in find_serving_faults(settings.public_url):
        raise NotReadyError(fault)
    return settings.public_url


def find_server(settings: Settings, server_id: str) -> Server:
    """Return the FHIR server with that id; raises NotReadyError."""
    if server_id not in settings.servers:
        raise NotReadyError(
            f"There is no FHIR server '{server_id}' in intake.toml; "
            f"there are {', '.join(settings.servers)}."
        )
    return settings.servers[server_id]


def find_question_set(settings: Settings, set_id: str) -> QuestionSet:
    """Return the question set with that id; raises NotReadyError."""
    if set_id not in settings.question_sets:
        raise NotReadyError(
            f"There is no question set '{set_id}'; there are {', '.join(settings.question_sets)}."
        )
    return settings.question_sets[set_id]


def require_offered_language(settings: Settings, tag: str) -> None:
    """Raise NotReadyError unless the tag is one of `offered_languages`."""
    tags = offered_languages(settings)
    if tag not in tags:
        raise NotReadyError(f"'{tag}' is not offered here; there are {', '.join(tags)}.")


def offered_languages(settings: Settings) -> tuple[str, ...]:
    """Return the tags of the site's languages; without a site, of all languages there are."""
    return settings.languages if settings.directory else existing_tags()


def is_unknown_clinic(settings: Settings, clinic_id: str | None, command: str) -> bool:
    """Return whether `--clinic` names no clinic of the site, after saying so."""
    if clinic_id is None or clinic_id in settings.clinics:
        return False
    names = ", ".join(settings.clinics)
    print_message(f"{command}: --clinic: '{clinic_id}' is not among {names}")
    return True
