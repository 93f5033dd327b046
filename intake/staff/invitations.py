"""Lets the desk invite a patient: a code for the tablet, or a link for a phone."""

import io

import segno
from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from intake.pages import addresses
from intake.pages.site import current_site
from intake.settings import Clinic
from intake.staff import access, handouts
from intake.staff.handouts import Handout, HandoutKind
from intake.store import audit, codes, links, visits
from intake.store.database import Tx
from intake.store.visits import Visit


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/visits/<visit>/code", "make_code", create_code, methods=["POST"])
    blueprint.add_url_rule("/visits/<visit>/link", "make_link", create_link, methods=["POST"])
    blueprint.add_url_rule("/invitation", "invitation", show_invitation)
    blueprint.add_url_rule("/invitation.svg", "invitation_qr", draw_qr_code)


def create_code(visit: str) -> ResponseReturnValue:
    """Create a code that opens the visit on a tablet of its clinic."""
    with current_site().database.write() as tx:
        expected = _find_visit(tx, visit)
        hand_out_code(tx, expected)
        audit.record_action(tx, access.current_user().name, "code-made", expected.id)
    return redirect(url_for(".invitation"), 303)


def hand_out_code(tx: Tx, visit: Visit) -> None:
    """Create a code for the visit, and store it for the invitation page."""
    lifetime = current_site().settings.times.code
    handouts.store_handout(
        tx,
        HandoutKind.CODE,
        codes.create_code(tx, visit, lifetime),
        visit.id,
        tx.now + lifetime,
    )


def create_link(visit: str) -> ResponseReturnValue:
    """Create a link that opens the visit on the patient's own phone."""
    with current_site().database.write() as tx:
        expected = _find_visit(tx, visit)
        until = links.expiry_time(
            expected,
            tx.now,
            current_site().settings.times.link,
            _clinic_of(expected).time_zone,
        )
        _, token = links.create_link(tx, expected, until)
        handouts.store_handout(tx, HandoutKind.LINK, token, expected.id, until)
        audit.record_action(tx, access.current_user().name, "link-made", expected.id)
    return redirect(url_for(".invitation"), 303)


def show_invitation() -> ResponseReturnValue:
    """Show the newest code or link with the patient's name."""
    handout, visit = _read_invitation()
    if handout is None or visit is None:
        flash("The code or link can no longer be shown. Create a new one.")
        return redirect(url_for(".today"), 303)
    return render_template(
        "staff/invitation.html",
        handout=handout,
        visit=visit,
        zone=_clinic_of(visit).time_zone,
        address=addresses.link_url(current_site().settings.public_url, handout.secret)
        if handout.kind is HandoutKind.LINK
        else None,
    )


def draw_qr_code() -> Response:
    """Draw the newest link as a QR code.

    The address of this picture is the same for every link, so that no log holds a secret.
    """
    handout = handouts.read_handout(HandoutKind.LINK)
    if handout is None:
        abort(404)
    picture = io.BytesIO()
    # Black on white in the dark theme too: many phones cannot read the inverse.
    code = segno.make_qr(
        addresses.link_url(current_site().settings.public_url, handout.secret), error="m"
    )
    code.save(picture, kind="svg", scale=6, light="#fff", xmldecl=False)
    return Response(picture.getvalue(), mimetype="image/svg+xml")


def _read_invitation() -> tuple[Handout | None, Visit | None]:
    handout = handouts.read_handout(HandoutKind.CODE, HandoutKind.LINK)
    if handout is None:
        return None, None
    with current_site().database.read() as tx:
        return handout, visits.find_visit(tx, handout.about)


def _find_visit(tx: Tx, identity: str) -> Visit:
    visit = visits.find_visit(tx, identity)
    # The schedule may have dropped the visit since the desk opened the page.
    if visit is None or visit.clinic not in current_site().settings.clinics:
        abort(404)
    return visit


def _clinic_of(visit: Visit) -> Clinic:
    return current_site().settings.clinics[visit.clinic]
