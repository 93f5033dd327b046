"""Whom to be when trying the demo: people who are expected, of whom the charts say nothing yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.demo.clinics import CLINICS
from intake.demo.people import TWIN, TWIN_OF, ChartState
from intake.demo.visits import Appointment

KIOSK_CLINIC = CLINICS[0]
"""The clinic whose tablet the demo pairs."""

NEAR = timedelta(minutes=100)
"""How far from the present an appointment may be: less than the window of the tablet, so that there is time to try."""


@dataclass(frozen=True, slots=True)
class Personas:
    """Somebody at the clinic now, and somebody who is expected tomorrow and was sent a link."""

    at_the_clinic: Appointment
    at_home: Appointment


def choose_personas(coming: Sequence[Appointment], now: datetime) -> Personas:
    """Choose both from those who are expected at the clinic with the tablet."""
    here = [
        each
        for each in coming
        if each.person.clinic is KIOSK_CLINIC and each.person.number not in (TWIN, TWIN_OF)
    ]
    present = [each for each in here if abs(each.start - now) <= NEAR]
    tomorrow = (now + timedelta(days=1)).astimezone(KIOSK_CLINIC.zone).date()
    later = [
        each
        for each in here
        if each.start.astimezone(KIOSK_CLINIC.zone).date() == tomorrow and each not in present
    ]
    return Personas(_best(present, now), _best(later, now))


def _best(of: Iterable[Appointment], now: datetime) -> Appointment:
    """Return the one nearest to now whose chart is empty, else the nearest adult."""

    def rank(each: Appointment) -> tuple[bool, bool, timedelta]:
        return (
            each.person.chart is not ChartState.EMPTY,
            each.person.chart is ChartState.PROXY,
            abs(each.start - now),
        )

    return min(of, key=rank)
