"""The tablets: which there are, when each was last seen, pairing a new one, revoking one."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from intake.pages import addresses
from intake.pages.site import site
from intake.staff import access, handing
from intake.staff.forms import TabletForm
from intake.staff.handing import Kind
from intake.store import audit, devices
from intake.store.devices import Device


def register(blueprint: Blueprint) -> None:
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
    with site().database.write() as tx:
        code = devices.invite(tx, form.clinic.data, form.label.data)
        handing.hand(tx, Kind.PAIRING, code, form.label.data, tx.now + devices.INVITED_FOR)
        audit.record(tx, access.user().name, "tablet-invited", form.clinic.data)
    return redirect(url_for(".pairing"), 303)


def pairing() -> ResponseReturnValue:
    """Show the pairing code and what to do with it."""
    handout = handing.handed(Kind.PAIRING)
    if handout is None:
        flash("That pairing code is not shown any more. Revoke its tablet and make a new one.")
        return redirect(url_for(".tablets"), 303)
    with site().database.read() as tx:
        now = tx.now
    return render_template(
        "staff/pairing.html",
        handout=handout,
        now=now,
        address=addresses.pair(site().settings.public_url),
    )


def revoke(tablet: str) -> ResponseReturnValue:
    """Ask, then make the tablet's pairing worthless."""
    with site().database.read() as tx:
        found = devices.get(tx, tablet)
    if found is None or found.revoked_at is not None:
        abort(404)
    if request.method != "POST":
        return render_template("staff/revoke.html", tablet=found, clinic=_clinic_name(found))
    with site().database.write() as tx:
        if devices.revoke(tx, found.id):
            audit.record(tx, access.user().name, "tablet-revoked", found.id)
    flash(f"“{found.label}” is revoked.")
    return redirect(url_for(".tablets"), 303)


def _page(form: TabletForm) -> str:
    with site().database.read() as tx:
        found, now = devices.listing(tx), tx.now
    return render_template(
        "staff/tablets.html",
        form=form,
        wrong=form.faults(),
        tablets=[each for each in found if each.revoked_at is None],
        revoked=[each for each in found if each.revoked_at is not None],
        clinic_name=_clinic_name,
        now=now,
    )


def _form() -> TabletForm:
    form = TabletForm()
    form.clinic.choices = [(clinic.id, clinic.name) for clinic in site().settings.clinics.values()]
    return form


def _clinic_name(tablet: Device) -> str:
    clinic = site().settings.clinics.get(tablet.clinic)
    return clinic.name if clinic else tablet.clinic
