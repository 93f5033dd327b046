"""The tablets: which there are, when each was last seen, pairing a new one, revoking one."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages import addresses
from intake.pages.site import current_site
from intake.staff import access, handouts
from intake.staff.forms import TabletForm
from intake.staff.handouts import HandoutKind
from intake.store import audit, devices
from intake.store.devices import Device


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/tablets", "tablets", listing)
    blueprint.add_url_rule("/tablets", "pair_tablet", pair, methods=["POST"])
    blueprint.add_url_rule("/tablets/pairing", "pairing", pairing)
    blueprint.add_url_rule(
        "/tablets/<tablet>/revoke", "revoke_tablet", revoke, methods=["GET", "POST"]
    )


def listing() -> str:
    """Show the tablets, those that were revoked last."""
    return _page(_form())


def pair() -> ResponseReturnValue:
    """Make a pairing code for a new tablet."""
    form = _form()
    if not form.validate():
        return _page(form), 422
    with current_site().database.write() as tx:
        code = devices.invite_device(tx, form.clinic.data, form.label.data)
        handouts.store_handout(
            tx, HandoutKind.PAIRING, code, form.label.data, tx.now + devices.PAIRING_CODE_LIFETIME
        )
        audit.record_action(tx, access.current_user().name, "tablet-invited", form.clinic.data)
    return redirect(url_for(".pairing"), 303)


def pairing() -> ResponseReturnValue:
    """Show the pairing code and what to do with it."""
    handout = handouts.read_handout(HandoutKind.PAIRING)
    if handout is None:
        flash("That pairing code is not shown any more. Revoke its tablet and make a new one.")
        return redirect(url_for(".tablets"), 303)
    with current_site().database.read() as tx:
        now = tx.now
    return render_template(
        "staff/pairing.html",
        handout=handout,
        now=now,
        address=addresses.pairing_url(current_site().settings.public_url),
    )


def revoke(tablet: str) -> ResponseReturnValue:
    """Ask, then make the tablet's pairing worthless."""
    with current_site().database.read() as tx:
        found = devices.find_device(tx, tablet)
    if found is None or found.revoked_at is not None:
        abort(404)
    if request.method != "POST":
        return render_template("staff/revoke.html", tablet=found, clinic=_clinic_name(found))
    with current_site().database.write() as tx:
        if devices.revoke_device(tx, found.id):
            audit.record_action(tx, access.current_user().name, "tablet-revoked", found.id)
    flash(f"“{found.label}” is revoked.")
    return redirect(url_for(".tablets"), 303)


def _page(form: TabletForm) -> str:
    with current_site().database.read() as tx:
        found, now = devices.list_devices(tx), tx.now
    return render_template(
        "staff/tablets.html",
        form=form,
        wrong=form.error_messages(),
        tablets=[each for each in found if each.revoked_at is None],
        revoked=[each for each in found if each.revoked_at is not None],
        clinic_name=_clinic_name,
        now=now,
    )


def _form() -> TabletForm:
    form = TabletForm()
    form.clinic.choices = [
        (clinic.id, clinic.name) for clinic in current_site().settings.clinics.values()
    ]
    return form


def _clinic_name(tablet: Device) -> str:
    clinic = current_site().settings.clinics.get(tablet.clinic)
    return clinic.name if clinic else tablet.clinic
