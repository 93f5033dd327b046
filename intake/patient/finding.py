"""Which visit this is: by the front desk's code, or by date of birth around the appointment; never a list of names."""

import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake import i18n, terminology
from intake.pages import language, speaking
from intake.pages.errors import Page
from intake.pages.site import site
from intake.patient import visitors
from intake.patient.visitors import FAULT
from intake.store import attempts, codes, visits
from intake.store.database import Tx
from intake.store.devices import Device
from intake.store.visits import Visit

TRIES, PER = 10, timedelta(minutes=15)
"""For one tablet: a family's mistakes fit in, and guessing a code of six digits would take years."""

ANSWERED = frozenset({"submitted", "verified", "held"})


class NotFound(StrEnum):
    """Why a visit was not found; every reason sends a person to the same desk."""

    CODE = "code"
    BIRTH_DATE = "birth-date"
    NO_DATE = "no-date"
    NO_SUCH_DATE = "no-such-date"
    INITIALS = "initials"
    TOO_MANY_TRIES = "tries"
    ANSWERED = "answered"


def register(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/find", "find", find, methods=["GET", "POST"])


def find() -> Page:
    """Ask for the code or the date of birth."""
    tablet = visitors.tablet()
    if tablet is None:
        return redirect(url_for("patient.home"), 303)
    if request.method != "POST":
        return page()
    return _found(tablet, request.form)


def page(*, by_code: bool = True) -> str:
    """Show the page, once with why nothing was found the last time."""
    fault, tag = session.pop(FAULT, None), language.current().tag
    return speaking.render(
        "patient/find.html",
        back=visitors.beginning(),
        fault=fault,
        by_code=by_code,
        initials=fault == NotFound.INITIALS,
        order=i18n.date_order(tag),
        months=i18n.month_names(tag),
    )


def again(fault: NotFound, onto: str) -> Response:
    """Lead to the page `onto`, which says why and asks anew: what was typed has no place in a cookie, which can be read."""
    session[FAULT] = fault.value
    return redirect(onto, 303)


def _found(tablet: Device, form: Mapping[str, str]) -> Page:
    with site().database.write() as tx:
        if not attempts.allow(tx, f"find {tablet.id}", TRIES, PER):
            return again(NotFound.TOO_MANY_TRIES, url_for("patient.find"))
        found = _by_code(tx, tablet, form) if "code" in form else _by_birth_date(tx, tablet, form)
        if isinstance(found, NotFound):
            return again(found, url_for("patient.find"))
        attempts.forget(tx, f"find {tablet.id}")
        begun = visitors.begin(tx, found, language.current().tag, device=tablet.id)
    visitors.carry(begun)
    return redirect(url_for("patient.why"), 303)


def _by_code(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | NotFound:
    return codes.redeem(tx, tablet.clinic, western(form["code"])) or NotFound.CODE


def _by_birth_date(tx: Tx, tablet: Device, form: Mapping[str, str]) -> Visit | NotFound:
    born = date_of(form)
    if isinstance(born, NotFound):
        return born
    window = site().settings.times.appointment_window
    here = visits.by_birth_date(tx, tablet.clinic, born, tx.now - window, tx.now + window)
    initials = _letters(form.get("initials", ""))
    if len(here) > 1 and initials:
        here = tuple(each for each in here if _letters(each.initials) == initials)
    elif len(here) > 1:
        return NotFound.INITIALS
    if len(here) != 1:
        return NotFound.BIRTH_DATE
    # A second time needs the front desk's code, so that nobody answers over another.
    return (
        NotFound.ANSWERED if visits.progress(tx, [here[0].id])[here[0].id] in ANSWERED else here[0]
    )


def _letters(initials: str) -> list[str]:
    """Return the letters in any order, for many people say their family's name first; without case, marks and points."""
    return sorted(each for each in terminology.folded(initials) if each.isalpha())


def date_of(form: Mapping[str, str]) -> date | NotFound:
    """Return the day that the three fields say, or why they say none; any script's digits will do."""
    typed = [western(form.get(name, "")) for name in ("day", "month", "year")]
    if not all(typed):
        return NotFound.NO_DATE
    try:
        day, month, year = map(int, typed)
        return date(year, month, day)
    except ValueError:
        return NotFound.NO_SUCH_DATE


def western(text: str) -> str:
    """Return the digits of a text as 0 to 9, whichever script they are written in."""
    digits = (unicodedata.digit(character, None) for character in text)
    return "".join(str(digit) for digit in digits if digit is not None)
