"""The pre-visit link: nothing of the person in its address or on its first page, a few tries, one device, an end."""

import secrets
from datetime import timedelta
from enum import StrEnum

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake.pages import language, speaking
from intake.pages.errors import Page
from intake.pages.site import site
from intake.patient import finding, visitors
from intake.patient.visitors import LINK, PHONE
from intake.store import links
from intake.store.database import Tx
from intake.store.links import Link
from intake.store.visits import Visit

BOUND_FOR = timedelta(days=30)


class Ended(StrEnum):
    """Why a link opens nothing; the page says what happened and what to do."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    TRIES = "tries"
    ELSEWHERE = "elsewhere"


def register(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/l/<token>", "link", open_link)
    blueprint.add_url_rule("/birth-date", "birth_date", birth_date, methods=["GET", "POST"])


def open_link(token: str) -> Page:
    """Show the languages, and no word of whom or what it is about; looking at it changes nothing."""
    with site().database.read() as tx:
        opened = _opened(tx, token)
    if isinstance(opened, Ended):
        return _end(opened)
    session[LINK] = token
    return speaking.render("patient/start.html", quiet=True)


def birth_date() -> Page:
    """Ask for the date of birth of whom the link is for, and begin, or go on with what was begun."""
    token, here = session.get(LINK, ""), url_for("patient.birth_date")
    if request.method != "POST":
        with site().database.read() as tx:
            opened = _opened(tx, token)
        return _end(opened) if isinstance(opened, Ended) else finding.page(by_code=False)
    born = finding.date_of(request.form)
    if isinstance(born, finding.NotFound):
        return finding.again(born, here)
    with site().database.write() as tx:
        opened = _opened(tx, token)
        if isinstance(opened, Ended):
            return redirect(here, 303)
        link, visit = opened
        if visit.birth_date != born:
            links.failed_try(tx, link)
            return finding.again(finding.NotFound.BIRTH_DATE, here)
        phone = request.cookies.get(PHONE) or secrets.token_urlsafe(24)
        links.bind(tx, link, phone)
        begun = visitors.begin(tx, visit, language.current().tag, link=link.id)
    return _carried(begun, phone)


def _carried(begun: str, phone: str) -> Response:
    visitors.carry(begun)
    answer = redirect(url_for("patient.onward"), 303)
    answer.set_cookie(
        PHONE,
        phone,
        max_age=BOUND_FOR,
        secure=site().settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _opened(tx: Tx, token: str) -> tuple[Link, Visit] | Ended:
    """Return the link and its visit, or why it opens nothing (any more) here."""
    link = links.find(tx, token)
    if link is None or link.revoked_at is not None:
        return Ended.UNKNOWN
    if link.used_at is not None:
        return Ended.USED
    if link.expires_at <= tx.now or link.visit is None:
        return Ended.EXPIRED
    if link.tries_left <= 0:
        return Ended.TRIES
    return (
        Ended.ELSEWHERE
        if links.is_bound_elsewhere(tx, link, request.cookies.get(PHONE))
        else (link, link.visit)
    )


def _end(ended: Ended) -> tuple[str, int]:
    return speaking.render(
        "patient/link_ended.html", ended=ended
    ), 404 if ended is Ended.UNKNOWN else 410
