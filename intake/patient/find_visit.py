"""Finds the visit by the front desk's code or by date of birth."""

import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date
from enum import StrEnum

from anyascii import anyascii
from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake import i18n, terminology
from intake.pages import language, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import attempt_limits, typed_once, visit_session
from intake.patient.attempt_limits import Secret
from intake.patient.visit_session import FAULT
from intake.store import codes, visits
from intake.store.database import Tx
from intake.store.devices import Device
from intake.store.payload import FIRST_YEAR, LAST_YEAR
from intake.store.visits import Visit

DATE_FIELDS = ("day", "month", "year")
ANSWERED_PROGRESS = frozenset({"submitted", "verified", "held"})


class VisitFault(StrEnum):
    """Why a visit was not found; each reason sends the patient to the front desk."""

    CODE = "code"
    BIRTH_DATE = "birth-date"
    NO_DATE = "no-date"
    NO_SUCH_DATE = "no-such-date"
    INITIALS = "initials"
    TOO_MANY_TRIES = "tries"
    ANSWERED = "answered"


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/find", "find", view_find, methods=["GET", "POST"])


def view_find() -> PageResponse:
    """Ask for the code or the date of birth."""
    tablet = visit_session.current_tablet()
    if tablet is None:
        return redirect(url_for("patient.home"), 303)
    if request.method != "POST":
        return render_find_page()
    return _handle_form(tablet, request.form)


def render_find_page(*, by_code: bool = True) -> str:
    """Return the page, with the last fault and the values that it rejected once."""
    fault, tag = session.pop(FAULT, None), language.current_locale().tag
    typed = typed_once.take_typed()
    wrong = wrong_fields(fault, typed)
    return renderer.render_page(
        "patient/find.html",
        back=visit_session.first_page_url(),
        fault=fault,
        by_code=by_code,
        initials=fault == VisitFault.INITIALS or "initials" in typed,
        typed={name: value for name, value in typed.items() if name not in wrong},
        wrong=wrong,
        order=i18n.date_order(tag),
        months=i18n.month_names(tag),
    )


def redirect_with_fault(fault: VisitFault, target: str) -> Response:
    """Lead to the page `target`, which names the fault and asks again."""
    session[FAULT] = fault.value
    typed_once.keep_typed(request.form)
    return redirect(target, 303)


def wrong_fields(fault: str | None, typed: Mapping[str, str]) -> frozenset[str]:
    """Return the fields that are surely wrong; the page empties and marks these alone.

    If no visit matches, any part may be wrong: the page shows all of them to be checked.
    """
    if fault == VisitFault.NO_DATE:
        return frozenset(name for name in DATE_FIELDS if not western_digits(typed.get(name, "")))
    if fault == VisitFault.NO_SUCH_DATE:
        return _impossible_parts(*(western_digits(typed.get(name, "")) for name in DATE_FIELDS))
    return frozenset({"initials"} if fault == VisitFault.INITIALS else ())


def _impossible_parts(day: str, month: str, year: str) -> frozenset[str]:
    wrong = set()
    if not 1 <= int(month or 0) <= 12:
        wrong.add("month")
    if not MINYEAR <= int(year or 0) <= MAXYEAR:
        wrong.add("year")
    # With month and year in the calendar, the day is what does not exist in them.
    last = 31 if wrong else monthrange(int(year), int(month))[1]
    if not 1 <= int(day or 0) <= last:
        wrong.add("day")
    return frozenset(wrong)


def _handle_form(tablet: Device, form: Mapping[str, str]) -> PageResponse:
    find = _find_by_code if "code" in form else _find_by_birth_date
    with current_site().database.write() as tx:
        visit = find(tx, tablet, form)
        if not isinstance(visit, VisitFault):
            tag = language.current_locale().tag
            token = visit_session.begin_draft(tx, visit, tag, device=tablet.id)
    if isinstance(visit, VisitFault):
        return redirect_with_fault(visit, url_for("patient.find"))
    visit_session.carry_draft(token)
    return redirect(url_for("patient.why"), 303)


def _find_by_code(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | VisitFault:
    code = western_digits(form["code"])
    # A number of another length is no guess, so it costs no try.
    if len(code) != codes.DIGITS:
        return VisitFault.CODE
    created_at = codes.find_creation_time(tx, tablet.clinic, code)
    if attempt_limits.may_try_code(tx, tablet, created_at):
        visit = codes.redeem_code(tx, tablet.clinic, code, tablet.id)
        if visit is not None:
            return visit
    attempt_limits.record_failure(tx, Secret.CODE, tablet)
    is_blocked = not attempt_limits.may_try_code(tx, tablet, None)
    return VisitFault.TOO_MANY_TRIES if is_blocked else VisitFault.CODE


def _find_by_birth_date(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | VisitFault:
    birth_date = parse_date(form)
    # An incomplete or impossible date is no guess, so it costs no try.
    if isinstance(birth_date, VisitFault):
        return birth_date
    if not attempt_limits.may_try_birth_date(tx, tablet):
        return VisitFault.TOO_MANY_TRIES
    visit = _find_booked_visit(tx, tablet, birth_date, form.get("initials", ""))
    if isinstance(visit, VisitFault):
        attempt_limits.record_failure(tx, Secret.BIRTH_DATE, tablet)
    return visit


def _find_booked_visit(
    tx: Tx, tablet: Device, birth_date: date, typed_initials: str
) -> Visit | VisitFault:
    window = current_site().settings.times.appointment_window
    candidates = visits.find_by_birth_date(
        tx, tablet.clinic, birth_date, tx.now - window, tx.now + window
    )
    initials = _sorted_letters(typed_initials)
    if len(candidates) > 1 and initials:
        candidates = tuple(
            visit for visit in candidates if _sorted_letters(visit.initials) == initials
        )
    elif len(candidates) > 1:
        return VisitFault.INITIALS
    if len(candidates) != 1:
        return VisitFault.BIRTH_DATE
    [visit] = candidates
    # A second submission needs the front desk's code. Otherwise anyone with the same birthday could
    # replace the patient's answers.
    has_answered = visits.progress_by_visit(tx, [visit.id])[visit.id] in ANSWERED_PROGRESS
    return VisitFault.ANSWERED if has_answered else visit


def _sorted_letters(initials: str) -> list[str]:
    """Return the letters as small Latin ones without diacritics, in alphabetical order.

    Many people write the family name first, so the order of the initials does not count. A patient
    may write in another script than the chart, so `М` and `م` count as `M`.
    """
    letters = (anyascii(letter) for letter in terminology.fold_text(initials) if letter.isalpha())
    return sorted(latin[0].casefold() for latin in letters if latin[:1].isalpha())


def parse_date(form: Mapping[str, str]) -> date | VisitFault:
    """Return the date in the fields day, month and year, or why there is none.

    The digits may be those of any script.
    """
    parts = [western_digits(form.get(name, "")) for name in DATE_FIELDS]
    if not all(parts):
        return VisitFault.NO_DATE
    try:
        day, month, year = map(int, parts)
        birth_date = date(year, month, day)
    except ValueError:
        return VisitFault.NO_SUCH_DATE
    # A year such as 26 is a typing error. The patient can mend it without the front desk.
    is_possible = FIRST_YEAR <= birth_date.year <= LAST_YEAR
    return birth_date if is_possible else VisitFault.NO_SUCH_DATE


def western_digits(text: str) -> str:
    """Return the digits of a text, of any script, as 0 to 9."""
    digits = (unicodedata.digit(character, None) for character in text)
    return "".join(str(digit) for digit in digits if digit is not None)
