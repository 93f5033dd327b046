"""Which visit this is: by the front desk's code, or by date of birth around the appointment; never a list of names."""

import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

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
from intake.store.visits import Visit

MAX_TRIES, TRIES_PERIOD = 10, timedelta(minutes=15)
"""For one tablet: a family's mistakes fit in, and guessing a code of six digits would take years."""

ANSWERED = frozenset({"submitted", "verified", "held"})


class VisitFault(StrEnum):
    """Why a visit was not found; every reason sends a person to the same desk."""

    CODE = "code"
    BIRTH_DATE = "birth-date"
    NO_DATE = "no-date"
    NO_SUCH_DATE = "no-such-date"
    INITIALS = "initials"
    TOO_MANY_TRIES = "tries"
    ANSWERED = "answered"


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/find", "find", find, methods=["GET", "POST"])


def find() -> PageResponse:
    """Ask for the code or the date of birth."""
    tablet = visit_session.current_tablet()
    if tablet is None:
        return redirect(url_for("patient.home"), 303)
    if request.method != "POST":
        return render_find_page()
    return _found(tablet, request.form)


def render_find_page(*, by_code: bool = True) -> str:
    """Show the page, once with why nothing was found the last time."""
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


def redirect_with_fault(fault: VisitFault, onto: str) -> Response:
    """Lead to the page `onto`, which says why and asks anew: what was typed has no place in a cookie, which can be read."""
    session[FAULT] = fault.value
    return redirect(onto, 303)


def _found(tablet: Device, form: Mapping[str, str]) -> PageResponse:
    with current_site().database.write() as tx:
        if not attempts.allow_attempt(tx, f"find {tablet.id}", MAX_TRIES, TRIES_PERIOD):
            return redirect_with_fault(VisitFault.TOO_MANY_TRIES, url_for("patient.find"))
        found = _by_code(tx, tablet, form) if "code" in form else _by_birth_date(tx, tablet, form)
        if isinstance(found, VisitFault):
            return redirect_with_fault(found, url_for("patient.find"))
        attempts.forget_attempts(tx, f"find {tablet.id}")
        begun = visit_session.begin_draft(
            tx, found, language.current_locale().tag, device=tablet.id
        )
    visit_session.carry_draft(begun)
    return redirect(url_for("patient.why"), 303)


def _by_code(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | VisitFault:
    return codes.redeem_code(tx, tablet.clinic, western_digits(form["code"])) or VisitFault.CODE


def _by_birth_date(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | VisitFault:
    born = parse_date(form)
    if isinstance(born, VisitFault):
        return born
    window = current_site().settings.times.appointment_window
    here = visits.find_by_birth_date(tx, tablet.clinic, born, tx.now - window, tx.now + window)
    initials = _letters(form.get("initials", ""))
    if len(here) > 1 and initials:
        here = tuple(each for each in here if _letters(each.initials) == initials)
    elif len(here) > 1:
        return VisitFault.INITIALS
    if len(here) != 1:
        return VisitFault.BIRTH_DATE
    # A second time needs the front desk's code, so that nobody answers over another.
    return (
        VisitFault.ANSWERED
        if visits.progress_by_visit(tx, [here[0].id])[here[0].id] in ANSWERED
        else here[0]
    )


def _letters(initials: str) -> list[str]:
    """Return the letters in any order, for many people say their family's name first; without case, marks and points."""
    return sorted(each for each in terminology.fold_text(initials) if each.isalpha())


def parse_date(form: Mapping[str, str]) -> date | VisitFault:
    """Return the day that the three fields say, or why they say none; any script's digits will do."""
    typed = [western_digits(form.get(name, "")) for name in ("day", "month", "year")]
    if not all(typed):
        return VisitFault.NO_DATE
    try:
        day, month, year = map(int, typed)
        return date(year, month, day)
    except ValueError:
        return VisitFault.NO_SUCH_DATE


def western_digits(text: str) -> str:
    """Return the digits of a text as 0 to 9, whichever script they are written in."""
    digits = (unicodedata.digit(character, None) for character in text)
    return "".join(str(digit) for digit in digits if digit is not None)
