"""The administrator's pages for user accounts."""

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
    blueprint.add_url_rule("/users", "users", list_users)
    blueprint.add_url_rule("/users", "add_user", add_user, methods=["POST"])
    blueprint.add_url_rule("/users/once", "made_once", show_one_time_sign_in)
    blueprint.add_url_rule(
        "/users/<user>/once", "make_once", create_one_time_sign_in, methods=["POST"]
    )
    blueprint.add_url_rule(
        "/users/<user>/disable", "disable_user", disable_user, methods=["GET", "POST"]
    )
    blueprint.add_url_rule("/users/<user>/enable", "enable_user", enable_user, methods=["POST"])


def list_users() -> str:
    """Show the users."""
    return _render_users(UserForm())


def add_user() -> ResponseReturnValue:
    """Add a user without a password, and create the one-time sign-in to set one."""
    form = UserForm()
    if not form.validate():
        return _render_users(form), 422
    try:
        with current_site().database.write() as tx:
            user = users.add_user(tx, form.name.data, form.roles.data)
            audit.record_action(tx, access.current_user().name, "user-added", user.id)
            _hand_out_sign_in(tx, user)
    except ValueError as error:
        # The store checks the name against the other users inside the transaction.
        form.name.errors = [f"The user was not added: {error}."]
        return _render_users(form), 422
    # A page of its own shows the secret: a reload must not add the user again.
    return redirect(url_for(".made_once"), 303)


def create_one_time_sign_in(user: str) -> ResponseReturnValue:
    """Create a one-time sign-in, for instance for a user who forgot the password."""
    with current_site().database.write() as tx:
        account = _find_user(tx, user)
        # A disabled user must not come back by a one-time sign-in.
        if account.disabled:
            abort(404)
        _hand_out_sign_in(tx, account)
    return redirect(url_for(".made_once"), 303)


def show_one_time_sign_in() -> ResponseReturnValue:
    """Show the newest one-time sign-in."""
    handout = handouts.read_handout(HandoutKind.SIGN_IN)
    if handout is None:
        flash("The one-time sign-in can no longer be shown. Create a new one.")
        return redirect(url_for(".users"), 303)
    hours = users.ONE_TIME_LIFETIME // timedelta(hours=1)
    address = addresses.sign_in_url(current_site().settings.public_url, handout.secret)
    return render_template(
        "staff/one_time_sign_in.html", handout=handout, address=address, hours=hours
    )


def disable_user(user: str) -> ResponseReturnValue:
    """Ask for confirmation, then disable the account."""
    with current_site().database.read() as tx:
        account = _find_user(tx, user)
    # The last administrator could not enable their own account again.
    if account.disabled or account.id == access.current_user().id:
        abort(404)
    if request.method != "POST":
        return render_template("staff/disable.html", user=account)
    with current_site().database.write() as tx:
        users.disable_user(tx, account)
        audit.record_action(tx, access.current_user().name, "user-disabled", account.id)
    flash(f"The account “{account.name}” is disabled.")
    return redirect(url_for(".users"), 303)


def enable_user(user: str) -> ResponseReturnValue:
    """Enable a disabled account."""
    with current_site().database.write() as tx:
        account = _find_user(tx, user)
        users.enable_user(tx, account)
        audit.record_action(tx, access.current_user().name, "user-enabled", account.id)
    flash(f"The account “{account.name}” is enabled.")
    return redirect(url_for(".users"), 303)


def _hand_out_sign_in(tx: Tx, user: User) -> None:
    token = users.create_one_time_token(tx, user, users.ONE_TIME_LIFETIME)
    handouts.store_handout(
        tx, HandoutKind.SIGN_IN, token, user.name, tx.now + users.ONE_TIME_LIFETIME
    )
    audit.record_action(tx, access.current_user().name, "once-made", user.id)


def _find_user(tx: Tx, identity: str) -> User:
    user = users.find_user(tx, identity)
    if user is None:
        abort(404)
    return user


def _render_users(form: UserForm) -> str:
    with current_site().database.read() as tx:
        accounts = users.list_users(tx)
    return render_template(
        "staff/users.html", form=form, errors=form.error_messages(), users=accounts
    )
