"""At any hour the demo expects patients, and its personas have unique birth dates."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.demo.clinics import CLINICS
from intake.demo.people import ChartState, demo_people
from intake.demo.personas import KIOSK_CLINIC, choose_personas
from intake.demo.visits import STATUS_SHARES, past_encounters, upcoming_appointments

WINDOW = timedelta(hours=2)
PEOPLE = demo_people()
moments = st.integers(0, 7 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SPRING, AUTUMN = datetime(2027, 3, 14, 6, 50, tzinfo=UTC), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@settings(deadline=None, max_examples=60)
@given(moments)
@example(SPRING)
@example(AUTUMN)
def test_expects_several_patients_per_clinic_at_any_hour(now: datetime) -> None:
    found = upcoming_appointments(PEOPLE, now)
    for place in CLINICS:
        present = [
            each for each in found if each.person.clinic is place and abs(each.start - now) < WINDOW
        ]
        assert len(present) >= 3


@settings(deadline=None, max_examples=60)
@given(moments)
@example(SPRING)
@example(AUTUMN)
def test_chooses_personas_with_unique_birth_dates(now: datetime) -> None:
    found = upcoming_appointments(PEOPLE, now)
    guests = choose_personas(found, now)
    for guest in (guests.at_the_clinic, guests.at_home):
        assert guest.person.clinic is KIOSK_CLINIC
        assert guest.person.chart is ChartState.EMPTY
    assert abs(guests.at_the_clinic.start - now) < WINDOW
    same_day = [
        each for each in found if each.person.birth_date == guests.at_the_clinic.person.birth_date
    ]
    assert [each for each in same_day if abs(each.start - now) < WINDOW] == [guests.at_the_clinic]
    tomorrow = now.astimezone(KIOSK_CLINIC.zone).date() + timedelta(days=1)
    assert guests.at_home.start.astimezone(KIOSK_CLINIC.zone).date() == tomorrow


@settings(deadline=None, max_examples=60)
@given(moments, st.integers(0, 48))
@example(SPRING, 24)
def test_books_no_person_twice_when_it_seeds_again_later(now: datetime, hours: int) -> None:
    again = now + timedelta(hours=hours)
    booked = {
        each.key: each for moment in (now, again) for each in upcoming_appointments(PEOPLE, moment)
    }
    mine: dict[str, list[datetime]] = {}
    for each in booked.values():
        mine.setdefault(each.person.key, []).append(each.start)
    for starts in mine.values():
        assert all(
            later - earlier >= timedelta(hours=10) for earlier, later in pairwise(sorted(starts))
        )


def test_spreads_appointments_over_the_opening_hours() -> None:
    now = datetime(2026, 11, 24, 15, tzinfo=UTC)
    today = [
        each.start
        for each in upcoming_appointments(PEOPLE, now)
        if each.person.clinic is KIOSK_CLINIC and each.start.date() == now.date()
    ]
    assert len({start.astimezone(KIOSK_CLINIC.zone).hour for start in today}) == 9


@pytest.mark.parametrize("now", [SPRING, AUTUMN])
def test_spreads_encounters_of_every_kind_over_twelve_months(now: datetime) -> None:
    found = [each for person in PEOPLE for each in past_encounters(person, now)]
    assert all(timedelta(0) < now - each.start < timedelta(days=350) for each in found)
    assert {each.status for each in found} == {status for _, status in STATUS_SHARES}
    assert len(Counter(each.kind.code for each in found)) == 4
    assert {each.person.key for each in found} == {person.key for person in PEOPLE}
    elsewhere = [each for each in found if each.clinic is not each.person.clinic]
    assert elsewhere
