"""Signing in with a password or once, signing out, and setting a password; answers are uniform, attempts are few."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access, error_pages
from intake.staff.forms import PasswordForm, SignInForm
from intake.store import attempts, audit, sign_ins, users
from intake.store.database import Tx
from intake.store.users import User

PER = timedelta(minutes=15)
TRIES_PER_NAME = 5
"""Wrong passwords for one name: a person who mistypes has enough, a guesser at this pace gets nowhere."""
TRIES_FOR_ALL = 300
"""Sign-ins of everybody: far above a shift's beginning, far below what trying many names with one password needs."""

SIGN_IN_REFUSED = (
    "This name and password do not fit, or there were too many tries. Please try again; after several tries wait "
    f"{PER.seconds // 60} minutes, or ask an administrator for a one-time sign-in."
)


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/", "home", home)
    blueprint.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    blueprint.add_url_rule("/once/<token>", "once", once, methods=["GET", "POST"])
    blueprint.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    blueprint.add_url_rule("/password", "password", password, methods=["GET", "POST"])


def home() -> ResponseReturnValue:
    """Go to the first page that the user may see."""
    return redirect(url_for(f".{access.visible_navigation()[0][0]}"), 303)


def sign_in() -> ResponseReturnValue:
    """Ask for name and password."""
    wanted = access.safe_target(request.args.get("next", ""))
    form = SignInForm()
    if form.validate_on_submit():
        found = _checked(form.name.data.strip(), form.password.data)
        if found is not None:
            return _begun(found, wanted or url_for(".home"), once=False)
        form.form_errors.append(SIGN_IN_REFUSED)
    ended = access.TOKEN_KEY in session and access.current_sign_in() is None
    action = url_for(".sign_in", next=wanted)
    page = render_template(
        "staff/sign_in.html", form=form, wrong=form.error_messages(), ended=ended, action=action
    )
    return page, 422 if form.errors else 200


def once(token: str) -> ResponseReturnValue:
    """Show a button, which signs in: whatever only looks at the address, as a messenger's preview, uses nothing up."""
    if request.method != "POST":
        return render_template("staff/once.html")
    with current_site().database.write() as tx:
        found = users.redeem_one_time_token(tx, token)
    if found is None:
        text = "It works once and for a day. Sign in with your password, or ask an administrator for a new one."
        return error_pages.render_error("This sign-in was used or is over", text, 410)
    response = _begun(found, url_for(".home"), once=True)
    if not found.has_password:
        flash("You have no password yet. Set one under “Password”, so that you can sign in again.")
    return response


def sign_out() -> ResponseReturnValue:
    """End the sign-in, here and not only in the browser."""
    with current_site().database.write() as tx:
        sign_ins.end_sign_in(tx, str(session.get(access.TOKEN_KEY)))
        audit.record_action(tx, access.current_user().name, "signed-out")
    session.clear()
    flash("You are signed out.")
    return redirect(url_for(".sign_in"), 303)


def password() -> ResponseReturnValue:
    """Set a new password; whoever came by a one-time sign-in may have forgotten the old one and is not asked for it."""
    form, me = PasswordForm(), access.require_sign_in()
    asked = me.user.has_password and not me.once
    if form.validate_on_submit():
        if not asked or _checked(me.user.name, form.current.data) is not None:
            return _password_set(form.new.data)
        form.current.errors = ["The current password does not fit, or there were too many tries."]
    status = 422 if form.errors else 200
    return render_template(
        "staff/password.html", form=form, wrong=form.error_messages(), asked=asked
    ), status


def _password_set(new: str) -> ResponseReturnValue:
    me = access.require_sign_in()
    with current_site().database.write() as tx:
        users.set_password(tx, me.user, new)
        sign_ins.end_all_sign_ins(tx, me.user, but=me)
        audit.record_action(tx, me.user.name, "password-set", me.user.id)
    flash("Your password is set. You are signed out everywhere else.")
    return redirect(url_for(".home"), 303)


def _checked(name: str, given: str) -> User | None:
    """Return the user whose password this is, within the limits; a refusal says nothing of which of the two is wrong."""
    database, limited = current_site().database, f"sign-in {name}"
    with database.write() as tx:
        # Both are counted, whether or not there is such a user.
        within = [
            attempts.allow_attempt(tx, limited, TRIES_PER_NAME, PER),
            attempts.allow_attempt(tx, "sign-in", TRIES_FOR_ALL, PER),
        ]
    with database.read() as tx:
        # Hashing takes long by intention: it holds no lock, and after too many tries it is not done at all.
        found = users.check_password(tx, name, given) if all(within) else None
    with database.write() as tx:
        if found is not None:
            attempts.forget_attempts(tx, limited)
        else:
            _record_refusal(tx, name, blocked=not all(within))
    return found


def _record_refusal(tx: Tx, name: str, *, blocked: bool) -> None:
    # What was typed is kept only where it is a user's name: it could be a password in the wrong field.
    known = users.find_by_name(tx, name)
    who = known.name if known else "somebody unknown"
    # A block is noted once a while, so that nobody can fill the audit by going on.
    if not blocked or attempts.allow_attempt(tx, f"block noted {who}", 1, PER):
        audit.record_action(tx, who, "sign-in-blocked" if blocked else "sign-in-refused")


def _begun(found: User, onward: str, *, once: bool) -> ResponseReturnValue:
    left = session.get(access.TOKEN_KEY)
    # Nothing that was there before the sign-in is taken along: what somebody else put there would come in with it.
    session.clear()
    with current_site().database.write() as tx:
        sign_ins.end_sign_in(tx, str(left))
        session[access.TOKEN_KEY] = sign_ins.start_sign_in(tx, found, once=once)
        audit.record_action(tx, found.name, "signed-in-once" if once else "signed-in")
    return redirect(onward, 303)
