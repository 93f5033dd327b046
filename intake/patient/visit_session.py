"""The visitor's session: the tablet or phone, and the draft."""

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
"""The cookies of a paired tablet, and of the device that opened a link."""

DRAFT, LINK, LANGUAGE, SUBMISSION, SIZE, THEME, FAULT, TYPED = (
    "draft",
    "link",
    "language",
    "done",
    "size",
    "theme",
    "fault",
    "typed",
)
"""The keys of a session; what the patient typed is in it only encrypted, for one page."""

TOUCH_INTERVAL = timedelta(seconds=20)
"""A request of the draft's owner is recorded this often at most, to spare the disk."""


def current_tablet() -> Device | None:
    """Return the tablet of this request; None if it was never paired, or was revoked."""
    # Looked up once per request, because the frame of the page and the view both need it.
    if "tablet" not in g:
        token = request.cookies.get(TABLET)
        with current_site().database.read() as tx:
            g.tablet = devices.find_by_token(tx, token) if token else None
    tablet: Device | None = g.tablet
    return tablet


def is_on_tablet() -> bool:
    """Return whether the page is shown on a clinic's tablet."""
    draft = current_draft()
    # A draft names its channel, which spares the look-up of the tablet.
    return current_tablet() is not None if draft is None else draft.channel is Channel.KIOSK


def current_clinic() -> str | None:
    """Return the id of the draft's clinic, else of the tablet's clinic."""
    draft = current_draft()
    if draft is not None:
        return draft.clinic
    tablet = current_tablet()
    return tablet.clinic if tablet else None


def current_draft() -> Draft | None:
    """Return the draft of this browser; None if it is gone or was idle for too long."""
    if "draft" not in g:
        g.draft = _load_draft(session.get(DRAFT))
    draft: Draft | None = g.draft
    return draft


def _load_draft(token: str | None) -> Draft | None:
    if token is None:
        return None
    with current_site().database.read() as tx:
        draft, now = drafts.find_by_token(tx, token), tx.now
    # The worker deletes idle drafts, but a patient may come back before the next time it does.
    if draft is None or now - draft.touched_at >= draft_idle_limit(draft.channel):
        return None
    if now - draft.touched_at >= TOUCH_INTERVAL:
        with current_site().database.write() as tx:
            drafts.touch_draft(tx, draft)
            if draft.device:
                devices.record_seen(tx, draft.device)
    return draft


def missing_draft_reason() -> str:
    """Return why this browser has no draft, as a key of `errors.PATIENT_WORDS`."""
    token = session.get(DRAFT)
    if token is None:
        return "cleared"
    with current_site().database.read() as tx:
        draft = drafts.find_by_token(tx, token)
    # An idle draft stays until the worker erases it; after that the cause is unknown.
    return "cleared" if draft is None else "expired"


def draft_idle_limit(channel: Channel) -> timedelta:
    """Return how long a draft waits for the next request."""
    times = current_site().settings.times
    return times.kiosk_drop if channel is Channel.KIOSK else times.draft_idle


def begin_draft(
    tx: Tx, visit: Visit, locale: str, *, device: str | None = None, link: str | None = None
) -> str:
    """Begin a draft for the visit, or resume the link's, in the language `locale`.

    Returns the token for `carry_draft`.
    """
    draft = drafts.find_by_link(tx, link) if link else None
    if draft is not None and tx.now - draft.touched_at < draft_idle_limit(draft.channel):
        drafts.save_state(tx, draft, replace(draft.state, locale=locale))
        # A new token, so that an older session with the old one does not see the answers.
        return drafts.renew_token(tx, draft)
    channel = Channel.LINK if link else Channel.KIOSK
    _, token = drafts.start_draft(
        tx, visit, channel=channel, locale=locale, device=device, link=link
    )
    return token


def carry_draft(token: str) -> None:
    """Put the draft's token into the session."""
    _clear_except(LINK, SIZE, THEME)
    session[DRAFT] = token


def remember_submission(submission: str, locale: str | None) -> None:
    """Put the stored submission's id and the thank-you's language into the session."""
    _clear_except(LINK, SIZE, THEME)
    session[SUBMISSION] = submission
    if locale:
        session[LANGUAGE] = locale


def _clear_except(*keys: str) -> None:
    values = {key: session[key] for key in keys if key in session}
    session.clear()
    session.update(values)


def first_page_url() -> str:
    """Return the address of the page with the languages: the link's, or the tablet's."""
    link = session.get(LINK)
    return url_for("patient.link", token=link) if link else url_for("patient.home")


def wipe_last_visit() -> None:
    """Wipe the session of the last visit on a tablet.

    A patient may have chosen a text size before any visit began; that choice stays.
    """
    for key in (LANGUAGE, FAULT, TYPED):
        session.pop(key, None)
    if {DRAFT, SUBMISSION, LINK} & session.keys():
        wipe_session()


def change_language(tag: str) -> None:
    """Show the pages in another language; the draft and its answers stay."""
    draft = current_draft()
    session[LANGUAGE] = tag
    if draft is not None:
        with current_site().database.write() as tx:
            drafts.save_state(tx, draft, replace(draft.state, locale=tag))


def leave_draft(*keys: str) -> None:
    """Clear the session except for `keys`.

    The draft of a link stays in the store: the patient resumes it with the date of birth. Any
    other draft is deleted.
    """
    draft = current_draft()
    if draft is None or draft.channel is not Channel.LINK:
        wipe_session(*keys)
        return
    _clear_except(*keys)
    g.draft = None


def wipe_session(*keys: str) -> None:
    """Delete the draft and clear the session except for `keys`.

    The next person at the tablet then finds no trace of this visit.
    """
    token = session.get(DRAFT)
    _clear_except(*keys)
    g.draft = None
    if token is None:
        return
    with current_site().database.write() as tx:
        draft = drafts.find_by_token(tx, token)
        if draft is not None:
            drafts.drop_draft(tx, draft.id)
