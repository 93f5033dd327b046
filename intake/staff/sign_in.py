"""Signs users in with a password or once, signs them out, and sets passwords.

Every refused sign-in gets the same answer, and attempts are limited.
"""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access, error_pages
from intake.staff.forms import PasswordForm, SignInForm
from intake.store import attempts, audit, sign_ins, users
from intake.store.database import Tx
from intake.store.users import User

LIMIT_PERIOD = timedelta(minutes=15)
UNKNOWN_USER = "somebody unknown"
"""The audit's name for it; stored audits hold it, so that it must stay."""

TRIES_PER_NAME = 5
"""Wrong passwords for one name: enough for typing mistakes, far too few for guessing."""
TRIES_FOR_ALL = 300
"""Sign-ins of all users: more than a change of shifts, less than an attack needs."""

SIGN_IN_REFUSED = (
    "The name or the password is wrong, or there were too many attempts. Please try again. "
    f"After several attempts, wait {LIMIT_PERIOD.seconds // 60} minutes or ask an administrator "
    "for a one-time sign-in."
)


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/", "home", redirect_home)
    blueprint.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    blueprint.add_url_rule("/once/<token>", "once", sign_in_once, methods=["GET", "POST"])
    blueprint.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    blueprint.add_url_rule("/password", "password", change_password, methods=["GET", "POST"])


def redirect_home() -> ResponseReturnValue:
    """Redirect to the first page that the user may open."""
    return redirect(url_for(f".{access.visible_navigation()[0][0]}"), 303)


def sign_in() -> ResponseReturnValue:
    """Ask for name and password, and sign the user in."""
    target = access.safe_target(request.args.get("next", ""))
    form = SignInForm()
    if form.validate_on_submit():
        user = _check_password(form.name.data.strip(), form.password.data)
        if user is not None:
            return _start_sign_in(user, target or url_for(".home"), once=False)
        form.form_errors.append(SIGN_IN_REFUSED)
    # The browser still holds a token that the store no longer accepts.
    has_ended = access.TOKEN_KEY in session and access.current_sign_in() is None
    page = render_template(
        "staff/sign_in.html",
        form=form,
        errors=form.error_messages(),
        has_ended=has_ended,
        action=url_for(".sign_in", next=target),
    )
    return page, 422 if form.errors else 200


def sign_in_once(token: str) -> ResponseReturnValue:
    """Show a button that signs in once."""
    # A messenger's preview only reads the address: it must not use the token up.
    if request.method != "POST":
        return render_template("staff/once.html")
    with current_site().database.write() as tx:
        user = users.redeem_one_time_token(tx, token)
    if user is None:
        text = (
            "The address works once and within a day. Sign in with your password, or ask an "
            "administrator for a new one-time sign-in."
        )
        return error_pages.render_error("This one-time sign-in no longer works", text, 410)
    response = _start_sign_in(user, url_for(".home"), once=True)
    if not user.has_password:
        flash("You have no password yet. Set one under “Password” to sign in again later.")
    return response


def sign_out() -> ResponseReturnValue:
    """End the sign-in in the store too, so that a copied cookie opens nothing."""
    with current_site().database.write() as tx:
        sign_ins.end_sign_in(tx, str(session.get(access.TOKEN_KEY)))
        audit.record_action(tx, access.current_user().name, "signed-out")
    session.clear()
    flash("You are signed out.")
    return redirect(url_for(".sign_in"), 303)


def change_password() -> ResponseReturnValue:
    """Set a new password."""
    form, signed_in = PasswordForm(), access.require_sign_in()
    # A user with a one-time sign-in may have forgotten the current password.
    needs_current = signed_in.user.has_password and not signed_in.once
    if form.validate_on_submit():
        if not needs_current or _check_password(signed_in.user.name, form.current.data) is not None:
            return _set_password(form.new.data)
        form.current.errors = ["The current password is wrong, or there were too many attempts."]
    page = render_template(
        "staff/password.html",
        form=form,
        errors=form.error_messages(),
        needs_current=needs_current,
    )
    return page, 422 if form.errors else 200


def _set_password(password: str) -> ResponseReturnValue:
    signed_in = access.require_sign_in()
    with current_site().database.write() as tx:
        users.set_password(tx, signed_in.user, password)
        # A thief with the old password may be signed in somewhere else.
        sign_ins.end_all_sign_ins(tx, signed_in.user, but=signed_in)
        audit.record_action(tx, signed_in.user.name, "password-set", signed_in.user.id)
    flash("Your password is set. You are signed out everywhere else.")
    return redirect(url_for(".home"), 303)


def _check_password(name: str, password: str) -> User | None:
    """Return the user with this password, or None; attempts are limited."""
    database, limit_key = current_site().database, f"sign-in {name}"
    with database.write() as tx:
        # Both are counted for unknown names too, so that the answer does not reveal which exist.
        allowed = [
            attempts.allow_attempt(tx, limit_key, TRIES_PER_NAME, LIMIT_PERIOD),
            attempts.allow_attempt(tx, "sign-in", TRIES_FOR_ALL, LIMIT_PERIOD),
        ]
    with database.read() as tx:
        # Hashing is slow on purpose: it holds no write lock, and is skipped past the limit.
        user = users.check_password(tx, name, password) if all(allowed) else None
    with database.write() as tx:
        if user is not None:
            attempts.forget_attempts(tx, limit_key)
        else:
            _record_refusal(tx, name, blocked=not all(allowed))
    return user


def _record_refusal(tx: Tx, name: str, *, blocked: bool) -> None:
    # An unknown name is not stored: it could be a password typed into the wrong field.
    user = users.find_by_name(tx, name)
    actor = user.name if user else UNKNOWN_USER
    # One entry per period, so that an attacker cannot fill the audit.
    if not blocked or attempts.allow_attempt(tx, f"block noted {actor}", 1, LIMIT_PERIOD):
        audit.record_action(tx, actor, "sign-in-blocked" if blocked else "sign-in-refused")


def _start_sign_in(user: User, target: str, *, once: bool) -> ResponseReturnValue:
    previous = session.get(access.TOKEN_KEY)
    # An attacker may have planted values in the session before the sign-in: none is kept.
    session.clear()
    with current_site().database.write() as tx:
        sign_ins.end_sign_in(tx, str(previous))
        session[access.TOKEN_KEY] = sign_ins.start_sign_in(tx, user, once=once)
        audit.record_action(tx, user.name, "signed-in-once" if once else "signed-in")
    return redirect(target, 303)
