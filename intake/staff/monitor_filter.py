"""What the monitor lists, as the address says it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import request

from intake.clock import day_bounds
from intake.pages.site import current_site
from intake.store.outbox.record_pages import RecordFilter
from intake.store.outbox.records import Status

ID_LENGTH = 36
LAST_NUMBER = 2**62
"""The database's numbers end before those that an address can hold."""


@dataclass(frozen=True, slots=True)
class MonitorFilter:
    """Which submissions the page lists; `live` makes the page refresh itself without script.

    `first_day` and `last_day` are days in the site's time zone.
    """

    status: Status | None = None
    clinic: str | None = None
    reason: str | None = None
    device: str | None = None
    id_start: str = ""
    first_day: date | None = None
    last_day: date | None = None
    drifted: bool = False
    says_more: bool = False
    live: bool = False
    before: int | None = None
    after: int | None = None

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """Return the filter as parameters of an address, with changes; the list starts anew."""
        parameters = {
            "state": self.status and self.status.value,
            "clinic": self.clinic,
            "reason": self.reason,
            "device": self.device,
            "id": self.id_start or None,
            "from": self.first_day and self.first_day.isoformat(),
            "to": self.last_day and self.last_day.isoformat(),
            "chart": "other" if self.drifted else "more" if self.says_more else None,
            "live": "on" if self.live else None,
        }
        return {
            name: value for name, value in {**parameters, **changes}.items() if value is not None
        }

    @property
    def is_any(self) -> bool:
        """Return whether the list leaves submissions out."""
        return bool(self.parameters(live=None))

    def record_filter(self) -> RecordFilter:
        """Return the filter for the store."""
        return RecordFilter(
            status=self.status,
            clinic=self.clinic,
            reason=self.reason,
            device=self.device,
            id_start=self.id_start,
            since=_day_start(self.first_day),
            until=_day_start(self.last_day and self.last_day + timedelta(days=1)),
            drifted=self.drifted,
            says_more=self.says_more,
        )


def read_filter() -> MonitorFilter:
    """Return the filter of this request's address.

    An unknown value filters nothing: an old bookmark still shows the monitor.
    """
    state, clinic = request.args.get("state", ""), request.args.get("clinic", "")
    return MonitorFilter(
        status=Status(state) if state in set(Status) else None,
        clinic=clinic if clinic in current_site().settings.clinics else None,
        reason=_read_word("reason", 80),
        device=_read_word("device", ID_LENGTH),
        id_start=_read_word("id", ID_LENGTH) or "",
        first_day=_read_day("from"),
        last_day=_read_day("to"),
        drifted=request.args.get("chart") == "other",
        says_more=request.args.get("chart") == "more",
        live=request.args.get("live") == "on",
        before=_read_number("before"),
        after=_read_number("after"),
    )


def _read_word(name: str, longest: int) -> str | None:
    word = request.args.get(name, "").strip()
    return word if word.isprintable() and 0 < len(word) <= longest else None


def _read_number(name: str) -> int | None:
    number = request.args.get(name, type=int)
    return number if number is not None and 0 <= number < LAST_NUMBER else None


def _read_day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    # The ends of the calendar have no neighbour in another zone.
    return day if date(1970, 1, 2) <= day <= date(9000, 1, 1) else None


def _day_start(day: date | None) -> datetime | None:
    if day is None:
        return None
    return day_bounds(day, current_site().settings.time_zone)[0].astimezone(UTC)
