"""The pre-visit link: no word about the patient, and one device only."""

import secrets
from datetime import timedelta
from enum import StrEnum

from flask import Blueprint, make_response, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake.pages import language, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import find_visit, visit_session
from intake.patient.find_visit import VisitFault
from intake.patient.visit_session import LINK, PHONE
from intake.store import drafts, links
from intake.store.database import Tx
from intake.store.links import Link
from intake.store.visits import Visit

DEVICE_COOKIE_AGE = timedelta(days=30)
"""The cookie recognizes the device that opened the link; it outlives a link of a week or two."""


class LinkFault(StrEnum):
    """Why a link does not work; the page says what happened and what to do."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    TRIES = "tries"
    ELSEWHERE = "elsewhere"


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/l/<token>", "link", open_link)
    blueprint.add_url_rule("/birth-date", "birth_date", view_birth_date, methods=["GET", "POST"])


def open_link(token: str) -> PageResponse:
    """Show the languages, without a word about the patient or the purpose.

    Messaging apps fetch a preview of each link, so opening it changes nothing in the store.
    """
    with current_site().database.read() as tx:
        opened = _find_open_link(tx, token)
    if isinstance(opened, LinkFault):
        return _render_fault(opened)
    session[LINK] = token
    response = make_response(renderer.render_page("patient/start.html", quiet=True))
    # The device has its secret before it sends the date of birth. If that response is lost on the
    # way, the same date opens the link again.
    if PHONE not in request.cookies:
        _set_device_cookie(response, secrets.token_urlsafe(24))
    return response


def view_birth_date() -> PageResponse:
    """Ask for the patient's date of birth, then begin the draft or resume it."""
    token, page_url = session.get(LINK, ""), url_for("patient.birth_date")
    if request.method != "POST":
        with current_site().database.read() as tx:
            opened = _find_open_link(tx, token)
        if isinstance(opened, LinkFault):
            return _render_fault(opened)
        return find_visit.render_find_page(by_code=False)
    birth_date = find_visit.parse_date(request.form)
    if isinstance(birth_date, VisitFault):
        # An incomplete date is no guess, so it costs no try.
        return find_visit.redirect_with_fault(birth_date, page_url)
    with current_site().database.write() as tx:
        # Checked again, because another device may have used the link since the page was shown.
        opened = _find_open_link(tx, token)
        if isinstance(opened, LinkFault):
            return redirect(page_url, 303)
        link, visit = opened
        if visit.birth_date != birth_date:
            links.record_failed_try(tx, link)
            return find_visit.redirect_with_fault(VisitFault.BIRTH_DATE, page_url)
        device_key = request.cookies.get(PHONE) or secrets.token_urlsafe(24)
        links.bind_to_device(tx, link, device_key)
        tag = language.current_locale().tag
        draft_token = visit_session.begin_draft(tx, visit, tag, link=link.id)
    return _redirect_to_route(draft_token, device_key)


def _redirect_to_route(draft_token: str, device_key: str) -> Response:
    visit_session.carry_draft(draft_token)
    response = redirect(url_for("patient.onward"), 303)
    _set_device_cookie(response, device_key)
    return response


def _set_device_cookie(response: Response, device_key: str) -> None:
    response.set_cookie(
        PHONE,
        device_key,
        max_age=DEVICE_COOKIE_AGE,
        secure=current_site().settings.is_https,
        httponly=True,
        samesite="Lax",
    )


def _find_open_link(tx: Tx, token: str) -> tuple[Link, Visit] | LinkFault:
    """Return the link and its visit, or why the link does not work here."""
    # An unknown token and a revoked link look the same from outside.
    link = links.find_link(tx, token)
    if link is None or link.revoked_at is not None:
        return LinkFault.UNKNOWN
    if link.used_at is not None:
        return LinkFault.USED
    if link.expires_at <= tx.now or link.visit is None:
        return LinkFault.EXPIRED
    if link.tries_left <= 0:
        return LinkFault.TRIES
    # Before the first answer, another device has nothing to see: the date of birth binds it anew.
    if links.is_bound_elsewhere(tx, link, request.cookies.get(PHONE)) and _has_answers(tx, link):
        return LinkFault.ELSEWHERE
    return link, link.visit


def _has_answers(tx: Tx, link: Link) -> bool:
    draft = drafts.find_by_link(tx, link.id)
    return draft is not None and bool(draft.state.answers)


def _render_fault(fault: LinkFault) -> tuple[str, int]:
    status = 404 if fault is LinkFault.UNKNOWN else 410
    return renderer.render_page("patient/link_fault.html", fault=fault), status
