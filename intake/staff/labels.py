"""The staff's words: what states, gaps and roles are called, and how moments are written for them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo

from babel.dates import format_date, format_datetime, format_time

from intake.clock import format_duration
from intake.settings.values import STRATEGY_DESCRIPTIONS
from intake.store.outbox.submissions import OPEN, Status, SubmissionRecord

LOCALE = "en_US"

ELEMENTS = {
    "race": "race",
    "ethnicity": "ethnicity",
    "spoken-language": "spoken language",
    "written-language": "written language",
    "interpreter": "interpreter",
    "tribal-affiliation": "tribal affiliation",
}

PROGRESS_LABELS = {
    "none": "Not begun",
    "link": "Has a link",
    "stopped": "Began, did not finish: get a new code",
    "code": "Has a code",
    "started": "Answering now",
    "submitted": "Answered, not in the record yet",
    "verified": "In the record",
    "held": "Answered, a person is looking into it",
    "entered": "In the record, typed by hand",
    "superseded": "Answered again later",
    "discarded": "Given up; ask again",
    "reversed": "Taken back; ask again",
    "undoing": "Being taken back",
}
"""How far a patient is, for the desk: nothing is called done that was not read back."""

STATES = {
    Status.QUEUED: "Queued",
    Status.WAITING: "Waiting",
    Status.ACCEPTED: "Accepted, not verified",
    Status.VERIFIED: "Verified",
    Status.HELD: "Held for a person",
    Status.ENTERED: "Entered by hand",
    Status.SUPERSEDED: "Superseded",
    Status.DISCARDED: "Discarded",
    Status.REVERSED: "Reversed",
}

MEANINGS = {
    Status.QUEUED: "Stored here; the worker sends it next.",
    Status.WAITING: "It did not get through; the worker tries again by itself.",
    Status.ACCEPTED: "The server said yes; nobody has read it back yet.",
    Status.VERIFIED: "It was read back: the chart says what the person said.",
    Status.HELD: "The worker cannot go on; a person has to look.",
    Status.ENTERED: "Somebody typed it into the chart.",
    Status.SUPERSEDED: "A newer submission took its place.",
    Status.DISCARDED: "Somebody gave it up; the answers are erased.",
    Status.REVERSED: "It was undone; the chart's earlier values were written back.",
}

UNDOING = "Somebody asked for it to be taken back; the worker does it next."

DRIFTS = {
    "merged": "The chart was merged into another one, or closed, since this was verified. See that the right chart has it.",
    "changed": "Somebody changed in the chart what was written, since this was verified.",
}

ROLES = {
    "desk": "Front desk: today's patients, codes and links",
    "it": "IT: the monitor, never a name or an answer",
    "quality": "Quality: the completeness report",
    "reviewer": "Reviewer: what chart and patient say differently, and undo",
    "admin": "Administrator: users, audit, the report, undo",
}


def gaps(missing: Iterable[str]) -> str:
    """Return what a chart lacks, in the report's order."""
    held = set(missing)
    return ", ".join(words for element, words in ELEMENTS.items() if element in held)


def state(row: SubmissionRecord) -> str:
    """Return where a submission stands, in a word or two."""
    found = "Sending" if row.sending else STATES[row.status]
    return f"Undo: {found.lower()}" if row.undoing else found


def meaning(row: SubmissionRecord) -> str:
    """Return why it stands there and what comes next."""
    if row.sending:
        return "A worker is at it now."
    if row.words is None:
        return UNDOING if row.undoing else MEANINGS[row.status]
    return f"{row.words} The worker tries again by itself." if row.status in OPEN else row.words


def way(rung: str) -> str:
    """Return what a way to write to a server means, as a sentence without its end."""
    words = STRATEGY_DESCRIPTIONS.get(rung, rung)
    return words[0].upper() + words[1:]


def ago(moment: datetime | None, now: datetime, never: str = "never") -> str:
    """Return how long ago it was, such as `3 h ago`."""
    return never if moment is None else f"{format_duration(now - moment)} ago"


def at(moment: datetime, zone: tzinfo = UTC) -> str:
    """Return day and time in a zone, such as `Nov 24, 10:05 AM EST`."""
    return format_datetime(moment, "MMM d, h:mm a z", tzinfo=zone, locale=LOCALE)


def hour(moment: datetime, zone: tzinfo) -> str:
    """Return the time of day in a zone, such as `10:05 AM`."""
    return format_time(moment, "h:mm a", tzinfo=zone, locale=LOCALE)


def day(when: date) -> str:
    """Return a day that cannot be read in two ways, such as `May 17, 1980`."""
    return format_date(when, "MMM d, y", locale=LOCALE)


def weekday(moment: datetime, zone: tzinfo) -> str:
    """Return the day of the week and the day, such as `Tuesday, November 24`."""
    return format_datetime(moment, "EEEE, MMMM d", tzinfo=zone, locale=LOCALE)


def digits(code: str) -> str:
    """Return a code in groups of three, such as `482 913`."""
    return " ".join(code[start : start + 3] for start in range(0, len(code), 3))
