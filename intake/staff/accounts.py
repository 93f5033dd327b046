"""Who may sign in: adding users, one-time sign-ins, shutting out and letting back in; for administrators."""

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages import addresses
from intake.pages.site import current_site
from intake.staff import access, handouts
from intake.staff.forms import UserForm
from intake.staff.handouts import HandoutKind
from intake.store import audit, users
from intake.store.database import Tx
from intake.store.users import User


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/users", "users", listing)
    blueprint.add_url_rule("/users", "add_user", add, methods=["POST"])
    blueprint.add_url_rule("/users/once", "made_once", made_once)
    blueprint.add_url_rule("/users/<user>/once", "make_once", make_once, methods=["POST"])
    blueprint.add_url_rule(
        "/users/<user>/disable", "disable_user", disable, methods=["GET", "POST"]
    )
    blueprint.add_url_rule("/users/<user>/enable", "enable_user", enable, methods=["POST"])


def listing() -> str:
    """Show the users."""
    return _page(UserForm())


def add() -> ResponseReturnValue:
    """Add a user without a password, and make the sign-in with which they set one."""
    form = UserForm()
    if not form.validate():
        return _page(form), 422
    try:
        with current_site().database.write() as tx:
            added = users.add_user(tx, form.name.data, form.roles.data)
            audit.record_action(tx, access.current_user().name, "user-added", added.id)
            _hand_once(tx, added)
    except ValueError as fault:
        form.name.errors = [f"This cannot be: {fault}."]
        return _page(form), 422
    return redirect(url_for(".made_once"), 303)


def make_once(user: str) -> ResponseReturnValue:
    """Make a one-time sign-in for a user, as for one who forgot the password."""
    with current_site().database.write() as tx:
        found = _found(tx, user)
        if found.disabled:
            abort(404)
        _hand_once(tx, found)
    return redirect(url_for(".made_once"), 303)


def made_once() -> ResponseReturnValue:
    """Show the one-time sign-in that was made last."""
    handout = handouts.read_handout(HandoutKind.SIGN_IN)
    if handout is None:
        flash("That sign-in is not shown any more. Make a new one.")
        return redirect(url_for(".users"), 303)
    hours = users.ONE_TIME_LIFETIME // timedelta(hours=1)
    address = addresses.sign_in_url(current_site().settings.public_url, handout.secret)
    return render_template("staff/made_once.html", handout=handout, address=address, hours=hours)


def disable(user: str) -> ResponseReturnValue:
    """Ask, then shut the user out."""
    with current_site().database.read() as tx:
        found = _found(tx, user)
    if found.disabled or found.id == access.current_user().id:
        # An administrator who shut themselves out could leave nobody to let them in.
        abort(404)
    if request.method != "POST":
        return render_template("staff/disable.html", user=found)
    with current_site().database.write() as tx:
        users.disable_user(tx, found)
        audit.record_action(tx, access.current_user().name, "user-disabled", found.id)
    flash(f"“{found.name}” is shut out.")
    return redirect(url_for(".users"), 303)


def enable(user: str) -> ResponseReturnValue:
    """Let a user in again."""
    with current_site().database.write() as tx:
        found = _found(tx, user)
        users.enable_user(tx, found)
        audit.record_action(tx, access.current_user().name, "user-enabled", found.id)
    flash(f"“{found.name}” may sign in again.")
    return redirect(url_for(".users"), 303)


def _hand_once(tx: Tx, user: User) -> None:
    token = users.create_one_time_token(tx, user, users.ONE_TIME_LIFETIME)
    handouts.store_handout(
        tx, HandoutKind.SIGN_IN, token, user.name, tx.now + users.ONE_TIME_LIFETIME
    )
    audit.record_action(tx, access.current_user().name, "once-made", user.id)


def _found(tx: Tx, identity: str) -> User:
    user = users.find_user(tx, identity)
    if user is None:
        abort(404)
    return user


def _page(form: UserForm) -> str:
    with current_site().database.read() as tx:
        found = users.list_users(tx)
    return render_template("staff/users.html", form=form, wrong=form.error_messages(), users=found)
