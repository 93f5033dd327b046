"""Periods are calendar days that begin at the clinic's midnight."""

from datetime import date

import pytest

from intake.report.periods import PeriodNotBegunError, day_start, months_before, parse_period

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("name", "first", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2026-09", "2026-09-01", "2026-10-01"),
        ("rolling-12", "2025-11-24", "2026-11-24"),
    ],
)
def test_a_period_name_gives_its_first_and_last_day(name: str, first: str, end: str) -> None:
    period = parse_period(name, TODAY)
    assert (period.first.isoformat(), period.end.isoformat()) == (first, end)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "26",
        "2026-00",
        "2026-13",
        "2026-Q0",
        "2026-Q5",
        "2026-1",
        "0001",
        "1899",
        "9999",
        "2026 ",
    ],
)
def test_another_name_is_not_a_period(name: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        parse_period(name, TODAY)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-11-23", 12, "2025-11-23"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2026-01-15", 1, "2025-12-15"),
    ],
)
def test_months_before(day: str, months: int, expected: str) -> None:
    assert months_before(date.fromisoformat(day), months).isoformat() == expected


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2026-03-08", "America/New_York", "2026-03-08T05:00:00+00:00"),
        ("2026-03-09", "America/New_York", "2026-03-09T04:00:00+00:00"),
        ("2026-11-02", "America/New_York", "2026-11-02T05:00:00+00:00"),
        ("2026-07-01", "Pacific/Kiritimati", "2026-06-30T10:00:00+00:00"),
    ],
)
def test_days_begin_in_the_zone(day: str, zone: str, expected: str) -> None:
    assert day_start(date.fromisoformat(day), zone).isoformat() == expected


@pytest.mark.parametrize("name", ["2026-12", "2027", "2027-Q1"])
def test_a_period_that_has_not_begun_is_refused(name: str) -> None:
    with pytest.raises(PeriodNotBegunError, match="has not begun"):
        parse_period(name, TODAY)
