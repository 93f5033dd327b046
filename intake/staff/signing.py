"""Signing in with a password or once, signing out, and setting a password; answers are uniform, attempts are few."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import site
from intake.staff import access, faults
from intake.staff.forms import PasswordForm, SignInForm
from intake.store import attempts, audit, sign_ins, users
from intake.store.database import Tx
from intake.store.users import User

PER = timedelta(minutes=15)
TRIES = 5
"""Wrong passwords for one name: a person who mistypes has enough, a guesser at this pace gets nowhere."""
TRIES_OF_ALL = 300
"""Sign-ins of everybody: far above a shift's beginning, far below what trying many names with one password needs."""

REFUSED = (
    "This name and password do not fit, or there were too many tries. Please try again; after several tries wait "
    f"{PER.seconds // 60} minutes, or ask an administrator for a one-time sign-in."
)


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/", "home", home)
    blueprint.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    blueprint.add_url_rule("/once/<token>", "once", once, methods=["GET", "POST"])
    blueprint.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    blueprint.add_url_rule("/password", "password", password, methods=["GET", "POST"])


def home() -> ResponseReturnValue:
    """Go to the first page that the user may see."""
    return redirect(url_for(f".{access.navigation()[0][0]}"), 303)


def sign_in() -> ResponseReturnValue:
    """Ask for name and password."""
    wanted = access.inside(request.args.get("next", ""))
    form = SignInForm()
    if form.validate_on_submit():
        found = _checked(form.name.data.strip(), form.password.data)
        if found is not None:
            return _begun(found, wanted or url_for(".home"), once=False)
        form.form_errors.append(REFUSED)
    ended = access.TOKEN in session and access.current() is None
    action = url_for(".sign_in", next=wanted)
    page = render_template(
        "staff/sign_in.html", form=form, wrong=form.faults(), ended=ended, action=action
    )
    return page, 422 if form.errors else 200


def once(token: str) -> ResponseReturnValue:
    """Show a button, which signs in: whatever only looks at the address, as a messenger's preview, uses nothing up."""
    if request.method != "POST":
        return render_template("staff/once.html")
    with site().database.write() as tx:
        found = users.redeem_one_time(tx, token)
    if found is None:
        text = "It works once and for a day. Sign in with your password, or ask an administrator for a new one."
        return faults.page("This sign-in was used or is over", text, 410)
    response = _begun(found, url_for(".home"), once=True)
    if not found.has_password:
        flash("You have no password yet. Set one under “Password”, so that you can sign in again.")
    return response


def sign_out() -> ResponseReturnValue:
    """End the sign-in, here and not only in the browser."""
    with site().database.write() as tx:
        sign_ins.end(tx, str(session.get(access.TOKEN)))
        audit.record(tx, access.user().name, "signed-out")
    session.clear()
    flash("You are signed out.")
    return redirect(url_for(".sign_in"), 303)


def password() -> ResponseReturnValue:
    """Set a new password; whoever came by a one-time sign-in may have forgotten the old one and is not asked for it."""
    form, me = PasswordForm(), access.signed_in()
    asked = me.user.has_password and not me.once
    if form.validate_on_submit():
        if not asked or _checked(me.user.name, form.current.data) is not None:
            return _password_set(form.new.data)
        form.current.errors = ["The current password does not fit, or there were too many tries."]
    status = 422 if form.errors else 200
    return render_template(
        "staff/password.html", form=form, wrong=form.faults(), asked=asked
    ), status


def _password_set(new: str) -> ResponseReturnValue:
    me = access.signed_in()
    with site().database.write() as tx:
        users.set_password(tx, me.user, new)
        sign_ins.end_all(tx, me.user, but=me)
        audit.record(tx, me.user.name, "password-set", me.user.id)
    flash("Your password is set. You are signed out everywhere else.")
    return redirect(url_for(".home"), 303)


def _checked(name: str, given: str) -> User | None:
    """Return the user whose password this is, within the limits; a refusal says nothing of which of the two is wrong."""
    database, limited = site().database, f"sign-in {name}"
    with database.write() as tx:
        # Both are counted, whether or not there is such a user.
        within = [
            attempts.allow(tx, limited, TRIES, PER),
            attempts.allow(tx, "sign-in", TRIES_OF_ALL, PER),
        ]
    with database.read() as tx:
        # Hashing takes long by intention: it holds no lock, and after too many tries it is not done at all.
        found = users.check(tx, name, given) if all(within) else None
    with database.write() as tx:
        if found is not None:
            attempts.forget(tx, limited)
        else:
            _record_refusal(tx, name, blocked=not all(within))
    return found


def _record_refusal(tx: Tx, name: str, *, blocked: bool) -> None:
    # What was typed is kept only where it is a user's name: it could be a password in the wrong field.
    known = users.by_name(tx, name)
    who = known.name if known else "somebody unknown"
    # A block is noted once a while, so that nobody can fill the audit by going on.
    if not blocked or attempts.allow(tx, f"block noted {who}", 1, PER):
        audit.record(tx, who, "sign-in-blocked" if blocked else "sign-in-refused")


def _begun(found: User, onward: str, *, once: bool) -> ResponseReturnValue:
    left = session.get(access.TOKEN)
    # Nothing that was there before the sign-in is taken along: what somebody else put there would come in with it.
    session.clear()
    with site().database.write() as tx:
        sign_ins.end(tx, str(left))
        session[access.TOKEN] = sign_ins.begin(tx, found, once=once)
        audit.record(tx, found.name, "signed-in-once" if once else "signed-in")
    return redirect(onward, 303)
