"""Finds the visit by the front desk's code or by date of birth."""

import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from anyascii import anyascii
from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake import i18n, terminology
from intake.pages import language, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import visit_session
from intake.patient.visit_session import FAULT
from intake.store import attempts, codes, visits
from intake.store.database import Tx
from intake.store.devices import Device
from intake.store.payload import FIRST_YEAR, LAST_YEAR
from intake.store.visits import Visit

MAX_TRIES, TRIES_PERIOD = 10, timedelta(minutes=15)
"""For one tablet: a family's mistakes fit in, and guessing a six-digit code would take years."""

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
    """Return the page, with the last fault once."""
    fault, tag = session.pop(FAULT, None), language.current_locale().tag
    return renderer.render_page(
        "patient/find.html",
        back=visit_session.first_page_url(),
        fault=fault,
        by_code=by_code,
        initials=fault == VisitFault.INITIALS,
        order=i18n.date_order(tag),
        months=i18n.month_names(tag),
    )


def redirect_with_fault(fault: VisitFault, target: str) -> Response:
    """Lead to the page `target`, which names the fault and asks again."""
    # The typed date is not kept: anyone with the device can read the cookie.
    session[FAULT] = fault.value
    return redirect(target, 303)


def _handle_form(tablet: Device, form: Mapping[str, str]) -> PageResponse:
    limit_key = f"find {tablet.id}"
    with current_site().database.write() as tx:
        if not attempts.allow_attempt(tx, limit_key, MAX_TRIES, TRIES_PERIOD):
            return redirect_with_fault(VisitFault.TOO_MANY_TRIES, url_for("patient.find"))
        find = _find_by_code if "code" in form else _find_by_birth_date
        visit = find(tx, tablet, form)
        if isinstance(visit, VisitFault):
            return redirect_with_fault(visit, url_for("patient.find"))
        attempts.forget_attempts(tx, limit_key)
        tag = language.current_locale().tag
        token = visit_session.begin_draft(tx, visit, tag, device=tablet.id)
    visit_session.carry_draft(token)
    return redirect(url_for("patient.why"), 303)


def _find_by_code(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | VisitFault:
    code = western_digits(form["code"])
    return codes.redeem_code(tx, tablet.clinic, code) or VisitFault.CODE


def _find_by_birth_date(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | VisitFault:
    birth_date = parse_date(form)
    if isinstance(birth_date, VisitFault):
        return birth_date
    window = current_site().settings.times.appointment_window
    candidates = visits.find_by_birth_date(
        tx, tablet.clinic, birth_date, tx.now - window, tx.now + window
    )
    initials = _sorted_letters(form.get("initials", ""))
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
    parts = [western_digits(form.get(name, "")) for name in ("day", "month", "year")]
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
