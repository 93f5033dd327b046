"""Whenever the demo is started, people are expected now, and the one to be can be found by their birth date."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.demo.guests import KIOSK_AT, choose
from intake.demo.people import Chart, people
from intake.demo.places import PLACES
from intake.demo.visits import STATUSES, coming, encounters

WINDOW = timedelta(hours=2)
PEOPLE = people()
moments = st.integers(0, 7 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SPRING, AUTUMN = datetime(2027, 3, 14, 6, 50, tzinfo=UTC), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@settings(deadline=None, max_examples=60)
@given(moments)
@example(SPRING)
@example(AUTUMN)
def test_at_every_clinic_several_people_are_expected_within_the_window(now: datetime) -> None:
    found = coming(PEOPLE, now)
    for place in PLACES:
        present = [
            each for each in found if each.person.place is place and abs(each.start - now) < WINDOW
        ]
        assert len(present) >= 3


@settings(deadline=None, max_examples=60)
@given(moments)
@example(SPRING)
@example(AUTUMN)
def test_somebody_to_be_is_there_and_nobody_else_has_their_birth_date(now: datetime) -> None:
    found = coming(PEOPLE, now)
    guests = choose(found, now)
    for guest in (guests.at_the_clinic, guests.at_home):
        assert guest.person.place is KIOSK_AT
        assert guest.person.chart is Chart.EMPTY
    assert abs(guests.at_the_clinic.start - now) < WINDOW
    same_day = [
        each for each in found if each.person.birth_date == guests.at_the_clinic.person.birth_date
    ]
    assert [each for each in same_day if abs(each.start - now) < WINDOW] == [guests.at_the_clinic]
    tomorrow = now.astimezone(KIOSK_AT.zone).date() + timedelta(days=1)
    assert guests.at_home.start.astimezone(KIOSK_AT.zone).date() == tomorrow


@settings(deadline=None, max_examples=60)
@given(moments, st.integers(0, 48))
@example(SPRING, 24)
def test_seeding_again_later_books_nobody_twice_within_hours(now: datetime, hours: int) -> None:
    again = now + timedelta(hours=hours)
    booked = {each.key: each for moment in (now, again) for each in coming(PEOPLE, moment)}
    mine: dict[str, list[datetime]] = {}
    for each in booked.values():
        mine.setdefault(each.person.key, []).append(each.start)
    for starts in mine.values():
        assert all(
            later - earlier >= timedelta(hours=10) for earlier, later in pairwise(sorted(starts))
        )


def test_during_the_opening_hours_appointments_are_spread_over_the_day() -> None:
    now = datetime(2026, 11, 24, 15, tzinfo=UTC)
    today = [
        each.start
        for each in coming(PEOPLE, now)
        if each.person.place is KIOSK_AT and each.start.date() == now.date()
    ]
    assert len({start.astimezone(KIOSK_AT.zone).hour for start in today}) == 9


@pytest.mark.parametrize("now", [SPRING, AUTUMN])
def test_encounters_lie_within_twelve_months_and_are_of_every_kind(now: datetime) -> None:
    found = [each for person in PEOPLE for each in encounters(person, now)]
    assert all(timedelta(0) < now - each.start < timedelta(days=350) for each in found)
    assert {each.status for each in found} == {status for _, status in STATUSES}
    assert len(Counter(each.kind.code for each in found)) == 4
    assert {each.person.key for each in found} == {person.key for person in PEOPLE}
    elsewhere = [each for each in found if each.place is not each.person.place]
    assert elsewhere
