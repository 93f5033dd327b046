"""The worker's log: JSON lines of allow-listed fields, so that no answer, name or token can slip in."""

import json
import logging
import sys
from pathlib import Path
from traceback import extract_tb

from intake.clock import Clock

FIELDS = (
    "event",
    "submission",
    "server",
    "clinic",
    "status",
    "reason",
    "attempts",
    "count",
    "seconds",
    "where",
)

logger = logging.getLogger("intake.worker")


class JsonLinesFormatter(logging.Formatter):
    """Formats a record as one JSON object of the fields that are allowed."""

    def __init__(self, clock: Clock) -> None:
        """Keep the clock that stamps each line."""
        super().__init__()
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; the record's message is an event's name, and everything else comes as `extra`."""
        line = {
            "at": self._clock().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        return json.dumps(line | {"event": record.msg})


def error_location(error: Exception) -> str:
    """Return the file and line that raised it: its own words could quote a patient."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def start_logging(clock: Clock) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLinesFormatter(clock))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
