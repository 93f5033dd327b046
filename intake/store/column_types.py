"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, String, TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored as whole microseconds since 1970 in UTC.

    Both databases compare and sort these numbers alike.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        """Return the microseconds."""
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Return the time."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class CutText(TypeDecorator[str]):
    """A text that is cut to the length of its column.

    A long name from a server must not make a message, and so the whole row, unstorable.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        """Keep the length, because SQLite does not enforce it."""
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """Return as many characters as the column takes."""
        return None if value is None else value[: self.length]
