"""Actions on all submissions of one cause: the worker does them, the monitor shows progress."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.store.outbox.causes import Cause, list_causes
from intake.store.outbox.group_actions import GroupActionKind, request_group_action

ENDPOINTS = {kind: f"group_{kind.value.replace('-', '_')}" for kind in GroupActionKind}


def register_pages(blueprint: Blueprint) -> None:
    """Add one page for each action, because each has its own role."""
    for kind, endpoint in ENDPOINTS.items():
        blueprint.add_url_rule(
            f"/causes/{kind.value}",
            endpoint,
            ask_for_group,
            methods=["GET", "POST"],
            defaults={"kind": kind},
        )


def ask_for_group(kind: GroupActionKind) -> ResponseReturnValue:
    """Ask for confirmation with the number, then queue the action for the whole group."""
    cause, clinic = _read_cause(), request.values.get("clinic") or None
    if request.method != "POST":
        with current_site().database.read() as tx:
            groups = [group for group in list_causes(tx, clinic) if group.cause == cause]
        if not groups:
            flash("No submission has this cause any longer.")
            return redirect(url_for(".monitor"), 303)
        return render_template(
            "staff/group_action.html",
            kind=kind,
            group=groups[0],
            clinic=clinic,
            clinics=current_site().settings.clinics,
        )
    with current_site().database.write() as tx:
        count = request_group_action(tx, kind, cause, clinic, access.current_user().name)
    flash(
        f"The worker does this for {count} submissions now. The monitor shows its progress."
        if count
        else "No submission has this cause any longer."
    )
    return redirect(url_for(".monitor"), 303)


def _read_cause() -> Cause:
    reason = request.values.get("reason", "")
    if not 0 < len(reason) <= 80:
        abort(404)
    is_held, undoing = (request.values.get(name) == "yes" for name in ("held", "undoing"))
    return Cause(reason, is_held, undoing)
