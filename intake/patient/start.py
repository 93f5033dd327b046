"""Where a visit begins and is wiped: pairing the tablet, the choice of a language, starting over."""

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

PAIRED_FOR = timedelta(days=400)
"""The longest that browsers keep a cookie; staff revoke a tablet sooner."""

PAIR_TRIES, PAIR_PER = 60, timedelta(minutes=10)
"""For all who try together: nobody guesses one of 31^8 codes within its hour at that rate."""

LOOKS = {SIZE: ("", "large", "largest"), THEME: ("", "light", "dark")}


class PairForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types.
    """The pairing code."""

    code = StringField()


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/", "home", home)
    blueprint.add_url_rule("/language", "language", choose_language, methods=["POST"])
    blueprint.add_url_rule("/pair", "pair", pair, methods=["GET", "POST"])
    blueprint.add_url_rule("/over", "over", start_over, methods=["POST"])
    blueprint.add_url_rule("/look", "look", change_look, methods=["POST"])


def home() -> str:
    """Show the tablet's first page: the languages; elsewhere say how to get here.

    Whoever comes to it, by Back, in a second tab or from an error, may be the next person: what was begun is wiped.
    """
    if visit_session.current_tablet() is None:
        return renderer.render_page("patient/elsewhere.html")
    if request.method == "GET":
        visit_session.wipe_last_visit()
        language.use_language(language.negotiate_language())
    return renderer.render_page("patient/start.html")


def choose_language() -> PageResponse:
    """Begin in the chosen language: anew on a tablet, and where one was on a phone, once the date of birth is given again."""
    tag = request.form.get("language", "")
    if tag not in {each.tag for each in language.offered_locales()}:
        return errors.error_page("expired", 400)
    visit_session.leave_draft(LINK, SIZE, THEME)
    session[LANGUAGE] = tag
    return redirect(url_for("patient.birth_date" if LINK in session else "patient.find"), 303)


def pair() -> PageResponse:
    """Make this browser a tablet of a clinic by the code that staff made."""
    form = PairForm()
    if request.method != "POST":
        return renderer.render_page(
            "patient/pair.html", code=request.args.get("code", ""), refused=False
        )
    with current_site().database.write() as tx:
        allowed = attempts.allow_attempt(tx, "pair", PAIR_TRIES, PAIR_PER)
        paired = devices.pair_device(tx, form.code.data or "") if allowed else None
    if not allowed:
        return errors.error_page(429, 429)
    if paired is None:
        return renderer.render_page("patient/pair.html", code=form.code.data or "", refused=True)
    visit_session.wipe_session()
    answer = redirect(url_for("patient.home"), 303)
    https = current_site().settings.is_https
    answer.set_cookie(
        TABLET, paired[1], max_age=PAIRED_FOR, secure=https, httponly=True, samesite="Lax"
    )
    return answer


def start_over() -> Response:
    """Wipe everything and go back to the first page."""
    onto = visit_session.first_page_url()
    visit_session.wipe_session()
    return redirect(onto, 303)


def change_look() -> Response:
    """Show the pages larger, or dark, or light, from now on and until this visit ends."""
    for name, values in LOOKS.items():
        if request.form.get(name) in values:
            session[name] = request.form[name]
    return redirect(_same_site(request.form.get("back", "")), 303)


def _same_site(path: str) -> str:
    """Return the path that the form came from, else the first page: never another site."""
    # A browser takes a backslash for a slash, and leaves out tabs and line breaks: behind either could stand another site.
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else url_for("patient.home")
