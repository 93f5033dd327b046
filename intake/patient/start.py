"""The first page: pairing a tablet, choosing a language, starting over."""

from datetime import timedelta

from flask import Blueprint, redirect, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField

from intake.pages import errors, language, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import visit_session
from intake.patient.visit_session import LANGUAGE, LINK, SIZE, TABLET, THEME
from intake.store import attempts, devices

TABLET_COOKIE_AGE = timedelta(days=400)
"""The longest time that browsers keep a cookie; staff can revoke a tablet sooner."""

PAIRING_TRIES, PAIRING_PERIOD = 60, timedelta(minutes=10)
"""For all browsers together: at that rate a code (one of 31^8) is not guessed in its hour."""

APPEARANCES = {SIZE: ("", "large", "largest"), THEME: ("", "light", "dark")}


class PairForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types.
    """The pairing code."""

    code = StringField()


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/", "home", view_home)
    blueprint.add_url_rule("/language", "language", view_language, methods=["GET", "POST"])
    blueprint.add_url_rule("/pair", "pair", view_pairing, methods=["GET", "POST"])
    blueprint.add_url_rule("/over", "over", view_start_over, methods=["GET", "POST"])
    blueprint.add_url_rule("/look", "look", change_appearance, methods=["POST"])


def view_home() -> str:
    """Show the languages on a tablet; elsewhere say how to get to the questions.

    The visitor may be the next patient, who came by Back or in a second tab. So the last visit is
    wiped.
    """
    if visit_session.current_tablet() is None:
        return renderer.render_page("patient/elsewhere.html")
    # A HEAD request comes from a proxy or a preview and must not wipe a patient's answers.
    if request.method == "GET":
        visit_session.wipe_last_visit()
        language.use_language(language.negotiate_language())
    return renderer.render_page("patient/start.html")


def view_language() -> PageResponse:
    """Begin in the chosen language, or change it midway and return to the page `back`.

    At the beginning, on a tablet the visit begins anew. On a phone it resumes after the date of
    birth. Midway, the draft and its answers stay.
    """
    if request.method != "POST":
        return renderer.render_page("patient/start.html", back=_back_path(), midway=True)
    tag = request.form.get("language", "")
    if tag not in {locale.tag for locale in language.offered_locales()}:
        return errors.error_page("cleared", 400)
    if "back" in request.form:
        visit_session.change_language(tag)
        return redirect(_safe_path(request.form["back"]), 303)
    visit_session.leave_draft(LINK, SIZE, THEME)
    session[LANGUAGE] = tag
    return redirect(url_for("patient.birth_date" if LINK in session else "patient.find"), 303)


def view_pairing() -> PageResponse:
    """Pair this browser as a clinic's tablet, with a code from the staff pages."""
    form = PairForm()
    if request.method != "POST":
        code = request.args.get("code", "")
        return renderer.render_page("patient/pair.html", code=code, refused=False)
    with current_site().database.write() as tx:
        is_allowed = attempts.allow_attempt(tx, "pair", PAIRING_TRIES, PAIRING_PERIOD)
        paired = devices.pair_device(tx, form.code.data or "") if is_allowed else None
    if not is_allowed:
        return errors.error_page(429, 429)
    if paired is None:
        return renderer.render_page("patient/pair.html", code=form.code.data or "", refused=True)
    _, token = paired
    visit_session.wipe_session()
    response = redirect(url_for("patient.home"), 303)
    response.set_cookie(
        TABLET,
        token,
        max_age=TABLET_COOKIE_AGE,
        secure=current_site().settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    return response


def view_start_over() -> PageResponse:
    """Ask once; after a yes, wipe the visit and go back to the first page."""
    if request.method != "POST":
        return renderer.render_page("patient/over.html", back=_back_path())
    # The session knows the link's address, so this comes before the wipe.
    target = visit_session.first_page_url()
    visit_session.wipe_session()
    return redirect(target, 303)


def change_appearance() -> Response:
    """Change the text size or the colors until this visit ends."""
    for name, values in APPEARANCES.items():
        if request.form.get(name) in values:
            session[name] = request.form[name]
    return redirect(_safe_path(request.form.get("back", "")), 303)


def _back_path() -> str:
    """Return the page that the patient came from, else the first open one; neither wipes."""
    return _safe_path(request.args.get("back") or url_for("patient.onward"))


def _safe_path(path: str) -> str:
    """Return the path that the form came from, or the first page; never another site."""
    # Browsers read a backslash as a slash, and they drop tabs and line breaks. Each of them could
    # turn a path into the address of another site.
    is_path = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_path else url_for("patient.home")
