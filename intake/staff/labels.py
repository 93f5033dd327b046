"""The staff pages' labels of states, gaps and roles, and formats of times."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from babel.dates import format_date, format_datetime
from babel.dates import format_time as format_babel_time

from intake.clock import format_duration as format_clock_duration
from intake.settings.values import STRATEGY_DESCRIPTIONS
from intake.store.health_words import describe_reason
from intake.store.outbox.causes import Cause
from intake.store.outbox.group_actions import GroupActionKind
from intake.store.outbox.held_reasons import UNDO_ONLY, HeldReason, StaffAction, find_remedy
from intake.store.outbox.records import OPEN, Status, SubmissionRecord

LOCALE = "en_US"

ELEMENT_LABELS = {
    "race": "race",
    "ethnicity": "ethnicity",
    "spoken-language": "spoken language",
    "written-language": "written language",
    "interpreter": "interpreter",
    "tribal-affiliation": "tribal affiliation",
}

PROGRESS_LABELS = {
    "none": "Not started",
    "link": "Has a link",
    "stopped": "Started, not finished: get a new code",
    "code": "Has a code",
    "started": "Answering now",
    "submitted": "Answered, not in the record yet",
    "verified": "In the record",
    "held": "Answered, staff are checking",
    "entered": "In the record, entered by hand",
    "superseded": "Answered again later",
    "discarded": "Discarded: ask again",
    "reversed": "Undone: ask again",
    "undoing": "Undo in progress",
}
"""A patient's progress for the desk; "in the record" means that it was read back."""

STATE_LABELS = {
    Status.QUEUED: "Queued",
    Status.WAITING: "Waiting",
    Status.ACCEPTED: "Accepted, not verified",
    Status.VERIFIED: "Verified",
    Status.HELD: "Held",
    Status.ENTERED: "Entered by hand",
    Status.SUPERSEDED: "Superseded",
    Status.DISCARDED: "Discarded",
    Status.REVERSED: "Undone",
}

STATE_MEANINGS = {
    Status.QUEUED: "The submission is stored here. The worker sends it next.",
    Status.WAITING: "The last attempt failed. The worker tries again by itself.",
    Status.ACCEPTED: "The server accepted the answers. The worker has not read them back yet.",
    Status.VERIFIED: "The worker read the chart back: it has the patient's answers.",
    Status.HELD: "The worker cannot continue. A member of staff has to act.",
    Status.ENTERED: "A member of staff entered the answers into the chart.",
    Status.SUPERSEDED: "A newer submission replaced this one.",
    Status.DISCARDED: "Staff discarded the submission. Its answers are erased.",
    Status.REVERSED: "The worker undid the submission and restored the chart's prior values.",
}

UNDO_MEANING = "Staff requested an undo. The worker does it next."

DRIFT_MEANINGS = {
    "merged": "The chart was merged or closed after verification. Check that the right chart "
    "has the answers.",
    "changed": "The chart's values were changed after verification.",
}

ROLE_NAMES = {
    "desk": "Front desk",
    "it": "IT",
    "quality": "Quality",
    "reviewer": "Reviewer",
    "admin": "Administrator",
}

ACTION_LABELS = {
    StaffAction.CORRECT_CRITERIA: "Correct on the page of today",
    StaffAction.CHOOSE_CHART: "Choose the chart…",
    StaffAction.DECIDE: "Decide…",
    StaffAction.RETRY: "Try again now",
    StaffAction.DISCARD: "Discard…",
    StaffAction.TYPE_BY_HAND: "Put on the worklist",
    StaffAction.CONFIRM_ENTRY: "Open the worklist",
    StaffAction.STOP_UNDO: "Stop the undo",
}

ACTION_MEANINGS = {
    StaffAction.CORRECT_CRITERIA: "corrects record number and birth date on the page of today.",
    StaffAction.CHOOSE_CHART: "searches the EHR and chooses the chart here.",
    StaffAction.DECIDE: "decides which value the chart keeps. Only reviewers see the values.",
    StaffAction.RETRY: "has the worker try again now.",
    StaffAction.DISCARD: "discards the submission and erases its answers.",
    StaffAction.TYPE_BY_HAND: "puts the answers on the worklist, to be typed by hand.",
    StaffAction.CONFIRM_ENTRY: "types the answers from the worklist.",
    StaffAction.STOP_UNDO: "stops the undo; the chart keeps what was written.",
}

GROUP_LABELS = {
    GroupActionKind.RETRY: "Retry all",
    GroupActionKind.HOLD: "Hold all",
    GroupActionKind.BY_HAND: "Put all on the worklist",
    GroupActionKind.DISCARD: "Discard all",
}

GROUP_MEANINGS = {
    GroupActionKind.RETRY: "The worker tries each one again now.",
    GroupActionKind.HOLD: "The worker sends none of them until IT retries them.",
    GroupActionKind.BY_HAND: "Their answers go on the worklist, to be typed by hand.",
    GroupActionKind.DISCARD: "Their answers are erased and never reach the record.",
}

ROLE_LABELS = {
    "desk": "Front desk: today's patients, codes and links",
    "it": "IT: the monitor, without names and answers",
    "quality": "Quality: the completeness report",
    "reviewer": "Reviewer: conflicts between chart and patient, and undo",
    "admin": "Administrator: users, worklist, audit, report, undo",
}


def list_gaps(missing: Iterable[str]) -> str:
    """Return the elements that a chart lacks, in the report's order."""
    elements = set(missing)
    return ", ".join(label for element, label in ELEMENT_LABELS.items() if element in elements)


def state_label(record: SubmissionRecord) -> str:
    """Return a submission's state in a word or two."""
    # A running lease is no state of its own in the outbox.
    label = "Sending" if record.sending else STATE_LABELS[record.status]
    return f"Undo: {label.lower()}" if record.undoing else label


def explain_state(record: SubmissionRecord, obstacle: str = "") -> str:
    """Return why the submission is in its state, and what happens next.

    `obstacle` says why its server takes nothing now, "" if it does.
    """
    if record.sending:
        return "A worker is sending it now."
    if record.status in OPEN:
        return _explain_open(record, obstacle)
    # The worker's own words are more precise than the state's meaning.
    return record.words or STATE_MEANINGS[record.status]


def _explain_open(record: SubmissionRecord, obstacle: str) -> str:
    # The server's trouble is newer than what this submission met at its own last attempt.
    if obstacle:
        return f"It is stored here and waits. {obstacle}"
    if record.words is not None:
        return f"{record.words} The worker tries again by itself."
    return UNDO_MEANING if record.undoing else STATE_MEANINGS[record.status]


def describe_cause(cause: Cause) -> str:
    """Return why submissions are held or wait, in a few words."""
    if cause.is_held:
        return find_remedy(cause.reason, undoing=cause.undoing).cause
    words = _WAITING_CAUSES.get(cause.reason) or f"the EHR answers {describe_reason(cause.reason)}"
    return f"undo: {words}" if cause.undoing else words


REASON_OPTIONS = tuple(
    (reason.value, find_remedy(reason, undoing=reason in UNDO_ONLY).cause) for reason in HeldReason
)
"""The reasons of held submissions for a list of choices."""

_WAITING_CAUSES = {
    "no-answer": "the EHR does not answer",
    "credentials": "our credentials fail",
    "not-shown": "the EHR does not show it yet",
}


def describe_strategy(kind: str) -> str:
    """Return what a write strategy means, as a sentence without its full stop."""
    # A database may hold a strategy of a newer version: its own name says more than nothing.
    description = STRATEGY_DESCRIPTIONS.get(kind, kind)
    return description[0].upper() + description[1:]


def format_duration(length: timedelta) -> str:
    """Return a length of time in its largest whole unit, such as `3 h`."""
    return format_clock_duration(length)


def format_age(moment: datetime | None, now: datetime, never: str = "never") -> str:
    """Return how long ago the moment was, such as `3 h ago`."""
    return never if moment is None else f"{format_clock_duration(now - moment)} ago"


def format_moment(moment: datetime, zone: tzinfo = UTC) -> str:
    """Return day and time in a zone, such as `Nov 24, 10:05 AM EST`."""
    return format_datetime(moment, "MMM d, h:mm a z", tzinfo=zone, locale=LOCALE)


def format_time(moment: datetime, zone: tzinfo) -> str:
    """Return the time of day in a zone, such as `10:05 AM`."""
    return format_babel_time(moment, "h:mm a", tzinfo=zone, locale=LOCALE)


def format_day(day: date) -> str:
    """Return a day with its month in letters, such as `May 17, 1980`."""
    # 5/17 and 17/5 are both in use among staff and patients.
    return format_date(day, "MMM d, y", locale=LOCALE)


def format_weekday(moment: datetime, zone: tzinfo) -> str:
    """Return the day of the week and the day, such as `Tuesday, November 24`."""
    return format_datetime(moment, "EEEE, MMMM d", tzinfo=zone, locale=LOCALE)


def group_digits(code: str) -> str:
    """Return a code in groups of three, such as `482 913`."""
    return " ".join(code[start : start + 3] for start in range(0, len(code), 3))
