"""The pre-visit link: nothing of the person in its address or on its first page, a few tries, one device, an end."""

import secrets
from datetime import timedelta
from enum import StrEnum

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake.pages import language, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import find_visit, visit_session
from intake.patient.visit_session import LINK, PHONE
from intake.store import links
from intake.store.database import Tx
from intake.store.links import Link
from intake.store.visits import Visit

BOUND_FOR = timedelta(days=30)


class LinkFault(StrEnum):
    """Why a link opens nothing; the page says what happened and what to do."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    TRIES = "tries"
    ELSEWHERE = "elsewhere"


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/l/<token>", "link", open_link)
    blueprint.add_url_rule("/birth-date", "birth_date", birth_date, methods=["GET", "POST"])


def open_link(token: str) -> PageResponse:
    """Show the languages, and no word of whom or what it is about; looking at it changes nothing."""
    with current_site().database.read() as tx:
        opened = _opened(tx, token)
    if isinstance(opened, LinkFault):
        return _end(opened)
    session[LINK] = token
    return renderer.render_page("patient/start.html", quiet=True)


def birth_date() -> PageResponse:
    """Ask for the date of birth of whom the link is for, and begin, or go on with what was begun."""
    token, here = session.get(LINK, ""), url_for("patient.birth_date")
    if request.method != "POST":
        with current_site().database.read() as tx:
            opened = _opened(tx, token)
        return (
            _end(opened)
            if isinstance(opened, LinkFault)
            else find_visit.render_find_page(by_code=False)
        )
    born = find_visit.parse_date(request.form)
    if isinstance(born, find_visit.VisitFault):
        return find_visit.redirect_with_fault(born, here)
    with current_site().database.write() as tx:
        opened = _opened(tx, token)
        if isinstance(opened, LinkFault):
            return redirect(here, 303)
        link, visit = opened
        if visit.birth_date != born:
            links.record_failed_try(tx, link)
            return find_visit.redirect_with_fault(find_visit.VisitFault.BIRTH_DATE, here)
        phone = request.cookies.get(PHONE) or secrets.token_urlsafe(24)
        links.bind_to_device(tx, link, phone)
        begun = visit_session.begin_draft(tx, visit, language.current_locale().tag, link=link.id)
    return _carried(begun, phone)


def _carried(begun: str, phone: str) -> Response:
    visit_session.carry_draft(begun)
    answer = redirect(url_for("patient.onward"), 303)
    answer.set_cookie(
        PHONE,
        phone,
        max_age=BOUND_FOR,
        secure=current_site().settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _opened(tx: Tx, token: str) -> tuple[Link, Visit] | LinkFault:
    """Return the link and its visit, or why it opens nothing (any more) here."""
    link = links.find_link(tx, token)
    if link is None or link.revoked_at is not None:
        return LinkFault.UNKNOWN
    if link.used_at is not None:
        return LinkFault.USED
    if link.expires_at <= tx.now or link.visit is None:
        return LinkFault.EXPIRED
    if link.tries_left <= 0:
        return LinkFault.TRIES
    return (
        LinkFault.ELSEWHERE
        if links.is_bound_elsewhere(tx, link, request.cookies.get(PHONE))
        else (link, link.visit)
    )


def _end(ended: LinkFault) -> tuple[str, int]:
    return renderer.render_page(
        "patient/link_ended.html", ended=ended
    ), 404 if ended is LinkFault.UNKNOWN else 410
