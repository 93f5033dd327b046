"""The tablets page: list, pair and revoke the clinics' tablets."""

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
    blueprint.add_url_rule("/tablets", "tablets", list_tablets)
    blueprint.add_url_rule("/tablets", "pair_tablet", create_pairing_code, methods=["POST"])
    blueprint.add_url_rule("/tablets/pairing", "pairing", show_pairing_code)
    blueprint.add_url_rule(
        "/tablets/<tablet>/revoke", "revoke_tablet", revoke_tablet, methods=["GET", "POST"]
    )


def list_tablets() -> str:
    """Show the tablets, the revoked ones last."""
    return _render_tablets(_build_form())


def create_pairing_code() -> ResponseReturnValue:
    """Create a pairing code for a new tablet."""
    form = _build_form()
    if not form.validate():
        return _render_tablets(form), 422
    with current_site().database.write() as tx:
        code = devices.invite_device(tx, form.clinic.data, form.label.data)
        handouts.store_handout(
            tx, HandoutKind.PAIRING, code, form.label.data, tx.now + devices.PAIRING_CODE_LIFETIME
        )
        audit.record_action(tx, access.current_user().name, "tablet-invited", form.clinic.data)
    return redirect(url_for(".pairing"), 303)


def show_pairing_code() -> ResponseReturnValue:
    """Show the newest pairing code and how to use it."""
    handout = handouts.read_handout(HandoutKind.PAIRING)
    if handout is None:
        flash("The pairing code can no longer be shown. Revoke its tablet and create a new code.")
        return redirect(url_for(".tablets"), 303)
    return render_template(
        "staff/pairing.html",
        handout=handout,
        address=addresses.pairing_url(current_site().settings.public_url),
    )


def revoke_tablet(tablet: str) -> ResponseReturnValue:
    """Ask for confirmation, then revoke the tablet's pairing."""
    with current_site().database.read() as tx:
        device = devices.find_device(tx, tablet)
    if device is None or device.revoked_at is not None:
        abort(404)
    if request.method != "POST":
        return render_template("staff/revoke.html", tablet=device, clinic=_clinic_name(device))
    with current_site().database.write() as tx:
        # Two users may confirm at once: the audit names the one whose click revoked it.
        if devices.revoke_device(tx, device.id):
            audit.record_action(tx, access.current_user().name, "tablet-revoked", device.id)
    flash(f"The tablet “{device.label}” is revoked.")
    return redirect(url_for(".tablets"), 303)


def _render_tablets(form: TabletForm) -> str:
    with current_site().database.read() as tx:
        tablets, now = devices.list_devices(tx), tx.now
    return render_template(
        "staff/tablets.html",
        form=form,
        errors=form.error_messages(),
        tablets=[tablet for tablet in tablets if tablet.revoked_at is None],
        revoked=[tablet for tablet in tablets if tablet.revoked_at is not None],
        clinic_name=_clinic_name,
        now=now,
    )


def _build_form() -> TabletForm:
    form = TabletForm()
    form.clinic.choices = [
        (clinic.id, clinic.name) for clinic in current_site().settings.clinics.values()
    ]
    return form


def _clinic_name(tablet: Device) -> str:
    # A clinic may have left the configuration since its tablet was paired.
    clinic = current_site().settings.clinics.get(tablet.clinic)
    return clinic.name if clinic else tablet.clinic
