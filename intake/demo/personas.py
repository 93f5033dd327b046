"""Chooses the people that a visitor of the demo can be: expected, with little in their charts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.demo.clinics import CLINICS
from intake.demo.people import TWIN, TWIN_OF, ChartState
from intake.demo.visits import Appointment

KIOSK_CLINIC = CLINICS[0]
"""The clinic whose tablet the demo pairs."""

NEAR = timedelta(minutes=100)
"""How far from now an appointment may be.

It is less than the tablet's window, so that the visitor has time to try.
"""


@dataclass(frozen=True, slots=True)
class Personas:
    """One patient at the clinic now, and one with a link for tomorrow."""

    at_the_clinic: Appointment
    at_home: Appointment


def choose_personas(appointments: Sequence[Appointment], now: datetime) -> Personas:
    """Choose both among the patients expected at the clinic with the tablet."""
    # The twins share a birth date, so the tablet would ask the visitor which of them it is.
    here = [
        appointment
        for appointment in appointments
        if appointment.person.clinic is KIOSK_CLINIC
        and appointment.person.number not in (TWIN, TWIN_OF)
    ]
    # Outside opening hours the demo books appointments around now, so there always is one.
    present = [appointment for appointment in here if abs(appointment.start - now) <= NEAR]
    tomorrow = (now + timedelta(days=1)).astimezone(KIOSK_CLINIC.zone).date()
    later = [
        appointment
        for appointment in here
        if appointment.start.astimezone(KIOSK_CLINIC.zone).date() == tomorrow
        and appointment not in present
    ]
    return Personas(_best_choice(present, now), _best_choice(later, now))


def _best_choice(candidates: Iterable[Appointment], now: datetime) -> Appointment:
    """Return the nearest appointment with an empty chart, else the nearest of an adult."""

    def rank(appointment: Appointment) -> tuple[bool, bool, timedelta]:
        return (
            appointment.person.chart is not ChartState.EMPTY,
            appointment.person.chart is ChartState.PROXY,
            abs(appointment.start - now),
        )

    return min(candidates, key=rank)
