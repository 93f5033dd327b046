"""The worker's log: JSON lines of allow-listed fields, without answers, names or tokens."""

import json
import logging
import sys
from pathlib import Path
from traceback import extract_tb

from intake.clock import Clock

# The formatter drops every field that is not listed here. A new field must never carry an answer,
# a name, a token or a server's diagnostics.
FIELDS = (
    "event",
    "submission",
    "server",
    "clinic",
    "record",
    "status",
    "reason",
    "attempts",
    "count",
    "seconds",
    "where",
)

logger = logging.getLogger("intake.worker")


class JsonLinesFormatter(logging.Formatter):
    """Formats a record as one JSON object of the allowed fields."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock that stamps each line."""
        super().__init__()
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record.

        The record's message is the name of an event. All other fields come from `extra`.
        """
        line = {
            "at": self._clock().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        return json.dumps(line | {"event": record.msg})


def error_location(error: Exception) -> str:
    """Return the file and line that raised the error.

    The log takes this in place of the error's message, which could quote a patient.
    """
    frame = extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def start_logging(clock: Clock) -> None:
    """Send the log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLinesFormatter(clock))
    logger.handlers = [handler]
    # Without propagation no handler of the root logger prints a second, unfiltered line.
    logger.propagate = False
    logger.setLevel(logging.INFO)
