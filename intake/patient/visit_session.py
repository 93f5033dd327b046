"""Who is at the pages: the tablet or the phone, and the draft that holds what was said so far."""

from dataclasses import replace
from datetime import timedelta

from flask import g, request, session, url_for

from intake.answers import Channel
from intake.pages.site import current_site
from intake.store import devices, drafts
from intake.store.database import Tx
from intake.store.devices import Device
from intake.store.drafts import Draft
from intake.store.visits import Visit

TABLET, PHONE = "tablet", "phone"
"""The cookies that a paired tablet, and the one device that a link was opened on, carry."""

DRAFT, LINK, LANGUAGE, SUBMISSION, SIZE, THEME, FAULT = (
    "draft",
    "link",
    "language",
    "done",
    "size",
    "theme",
    "fault",
)
"""What a visit's session holds: tokens, a language tag, how the pages look, why no visit was found; never what was typed."""

TOUCH_EVERY = timedelta(seconds=20)
"""Looking at a page is written down this often at most, so that reading pages costs no disk."""


def current_tablet() -> Device | None:
    """Return the tablet that asks, unless it was never paired or was revoked."""
    if "tablet" not in g:
        token = request.cookies.get(TABLET)
        with current_site().database.read() as tx:
            g.tablet = devices.find_by_token(tx, token) if token else None
    found: Device | None = g.tablet
    return found


def is_on_tablet() -> bool:
    """Return whether the page is shown on a clinic's tablet; a draft knows it without asking for the tablet."""
    begun = current_draft()
    return current_tablet() is not None if begun is None else begun.channel is Channel.KIOSK


def current_clinic() -> str | None:
    """Return the id of the clinic that the draft or the tablet belongs to."""
    begun = current_draft()
    if begun is not None:
        return begun.clinic
    here = current_tablet()
    return here.clinic if here else None


def current_draft() -> Draft | None:
    """Return the draft of this browser, unless it is gone or was left alone for too long."""
    if "draft" not in g:
        g.draft = _draft(session.get(DRAFT))
    found: Draft | None = g.draft
    return found


def _draft(token: str | None) -> Draft | None:
    if token is None:
        return None
    with current_site().database.read() as tx:
        found, now = drafts.find_by_token(tx, token), tx.now
    if found is None or now - found.touched_at >= draft_idle_limit(found.channel):
        return None
    if now - found.touched_at >= TOUCH_EVERY:
        with current_site().database.write() as tx:
            drafts.touch_draft(tx, found)
            if found.device:
                devices.record_seen(tx, found.device)
    return found


def draft_idle_limit(channel: Channel) -> timedelta:
    """Return how long a draft waits for its patient without a request."""
    times = current_site().settings.times
    return times.kiosk_drop if channel is Channel.KIOSK else times.draft_idle


def begin_draft(
    tx: Tx, visit: Visit, locale: str, *, device: str | None = None, link: str | None = None
) -> str:
    """Begin a draft for the visit, or go on with the one that the link began, in the language `locale`.

    Returns the token for `carry`.
    """
    begun = drafts.find_by_link(tx, link) if link else None
    if begun is not None and tx.now - begun.touched_at < draft_idle_limit(begun.channel):
        drafts.save_state(tx, begun, replace(begun.state, locale=locale))
        return drafts.renew_token(tx, begun)
    channel = Channel.LINK if link else Channel.KIOSK
    _, token = drafts.start_draft(
        tx, visit, channel=channel, locale=locale, device=device, link=link
    )
    return token


def carry_draft(token: str) -> None:
    """Make the session the draft's."""
    _empty_but(LINK, SIZE, THEME)
    session[DRAFT] = token


def remember_submission(submission: str, locale: str | None) -> None:
    """Make the session one of a person who is done: it knows which submission to thank for, and in which language."""
    _empty_but(LINK, SIZE, THEME)
    session[SUBMISSION] = submission
    if locale:
        session[LANGUAGE] = locale


def _empty_but(*kept: str) -> None:
    held = {key: session[key] for key in kept if key in session}
    session.clear()
    session.update(held)


def first_page_url() -> str:
    """Return the address of the page on which whoever is here chose the language: the link's, or the tablet's first one."""
    link = session.get(LINK)
    return url_for("patient.link", token=link) if link else url_for("patient.home")


def wipe_last_visit() -> None:
    """Wipe what the last person left at a tablet; how the pages look stays with a person for whom nothing was begun yet."""
    session.pop(LANGUAGE, None)
    if {DRAFT, SUBMISSION, LINK} & session.keys():
        wipe_session()


def leave_draft(*kept: str) -> None:
    """Wipe the session but for what is `kept`; a draft that a link began waits for the date of birth, any other is wiped."""
    begun = current_draft()
    if begun is None or begun.channel is not Channel.LINK:
        wipe_session(*kept)
        return
    _empty_but(*kept)
    g.draft = None


def wipe_session(*kept: str) -> None:
    """Wipe the draft and the session but for what is `kept`, so that whoever comes next meets a clean page."""
    token = session.get(DRAFT)
    _empty_but(*kept)
    g.draft = None
    if token is None:
        return
    with current_site().database.write() as tx:
        found = drafts.find_by_token(tx, token)
        if found is not None:
            drafts.drop_draft(tx, found.id)
