"""Turns errors that an administrator can correct into sentences without a traceback."""

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError

from intake.cli.site import NotReadyError
from intake.settings import SettingsError
from intake.shipped import POSTGRES_HINT
from intake.store.crypto import KeyFileError
from intake.store.database import NewerSchemaError
from intake.store.group_commit import NotStoredError

UNREACHABLE_ADVICE = (
    "Does data_dir exist, and can this user write to it? Is the database server up? "
    "`intake check` says more."
)
UNUSABLE_ADVICE = (
    "Is it the right database, and complete? "
    "config/deploy/README.md describes how to restore a backup."
)


def describe_error(error: Exception) -> tuple[str, ...]:
    """Return the sentences for an error; none for an error that is a fault of the program."""
    match error:
        case SettingsError():
            return error.faults
        case NotReadyError() | KeyFileError() | NewerSchemaError():
            return (str(error),)
        case DBAPIError() | NoSuchModuleError() | NotStoredError():
            return _describe_database_error(error)
        case ModuleNotFoundError(name="psycopg"):
            return (POSTGRES_HINT,)
        case OSError(strerror=str()):
            # Only a file or a folder: network errors have become other exceptions before this.
            parts = (error.filename, error.strerror)
            return (": ".join(str(part) for part in parts if part is not None),)
        case _:
            return ()


def needs_person(error: Exception) -> bool:
    """Return whether only a person can correct the fault, so that a restart does not help."""
    return isinstance(error, SettingsError | NotReadyError | KeyFileError | NewerSchemaError)


def _describe_database_error(
    error: DBAPIError | NoSuchModuleError | NotStoredError,
) -> tuple[str, str]:
    # The driver's own message names no password and no value; SQLAlchemy's would quote the SQL.
    message = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    # An OperationalError means that the database is unreachable; any other error of the driver
    # comes from a file or server that answers but is damaged or foreign.
    if not isinstance(error, DBAPIError) or isinstance(error, OperationalError):
        return f"The database does not answer: {message}", UNREACHABLE_ADVICE
    return f"The database cannot be used: {message}", UNUSABLE_ADVICE
