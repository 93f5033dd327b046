"""Whom to be when trying the demo: people who are expected, of whom the charts say nothing yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.demo.people import TWIN, TWIN_OF, Chart
from intake.demo.places import PLACES
from intake.demo.visits import Coming

KIOSK_AT = PLACES[0]
"""The clinic whose tablet the demo pairs."""

NEAR = timedelta(minutes=100)
"""How far from the present an appointment may be: less than the window of the tablet, so that there is time to try."""


@dataclass(frozen=True, slots=True)
class Guests:
    """Somebody at the clinic now, and somebody who is expected tomorrow and was sent a link."""

    at_the_clinic: Coming
    at_home: Coming


def choose(coming: Sequence[Coming], now: datetime) -> Guests:
    """Choose both from those who are expected at the clinic with the tablet."""
    here = [
        each
        for each in coming
        if each.person.place is KIOSK_AT and each.person.number not in (TWIN, TWIN_OF)
    ]
    present = [each for each in here if abs(each.start - now) <= NEAR]
    tomorrow = (now + timedelta(days=1)).astimezone(KIOSK_AT.zone).date()
    later = [
        each
        for each in here
        if each.start.astimezone(KIOSK_AT.zone).date() == tomorrow and each not in present
    ]
    return Guests(_best(present, now), _best(later, now))


def _best(of: Iterable[Coming], now: datetime) -> Coming:
    """Return the one nearest to now whose chart is empty, else the nearest adult."""

    def rank(each: Coming) -> tuple[bool, bool, timedelta]:
        return (
            each.person.chart is not Chart.EMPTY,
            each.person.chart is Chart.PROXY,
            abs(each.start - now),
        )

    return min(of, key=rank)
