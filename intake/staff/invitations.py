"""How the desk lets a patient in: a code for the tablet, or a link for the patient's own phone; each opens one visit."""

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
    blueprint.add_url_rule("/visits/<visit>/code", "make_code", make_code, methods=["POST"])
    blueprint.add_url_rule("/visits/<visit>/link", "make_link", make_link, methods=["POST"])
    blueprint.add_url_rule("/invitation", "invitation", show)
    blueprint.add_url_rule("/invitation.svg", "invitation_qr", qr)


def make_code(visit: str) -> ResponseReturnValue:
    """Make a code that opens the visit on a tablet of its clinic."""
    with current_site().database.write() as tx:
        found = _visit(tx, visit)
        hand_out_code(tx, found)
        audit.record_action(tx, access.current_user().name, "code-made", found.id)
    return redirect(url_for(".invitation"), 303)


def hand_out_code(tx: Tx, visit: Visit) -> None:
    """Make a code for the visit, which the page of what was made last shows."""
    ttl = current_site().settings.times.code
    handouts.store_handout(
        tx, HandoutKind.CODE, codes.create_code(tx, visit, ttl), visit.id, tx.now + ttl
    )


def make_link(visit: str) -> ResponseReturnValue:
    """Make a link that opens the visit on the patient's own phone."""
    with current_site().database.write() as tx:
        found = _visit(tx, visit)
        until = links.expiry_time(
            found, tx.now, current_site().settings.times.link, _clinic(found).time_zone
        )
        _, token = links.create_link(tx, found, until)
        handouts.store_handout(tx, HandoutKind.LINK, token, found.id, until)
        audit.record_action(tx, access.current_user().name, "link-made", found.id)
    return redirect(url_for(".invitation"), 303)


def show() -> ResponseReturnValue:
    """Show the code or the link that was made last, large, and for whom it is."""
    handout, visit = _made()
    if handout is None or visit is None:
        flash("There is no code or link to show any more. Make a new one.")
        return redirect(url_for(".today"), 303)
    return render_template(
        "staff/invitation.html",
        handout=handout,
        visit=visit,
        zone=_clinic(visit).time_zone,
        address=addresses.link_url(current_site().settings.public_url, handout.secret)
        if handout.kind is HandoutKind.LINK
        else None,
    )


def qr() -> Response:
    """Draw the link that was made last; its address tells nothing, because what it opens stands in no address."""
    handout = handouts.read_handout(HandoutKind.LINK)
    if handout is None:
        abort(404)
    drawn = io.BytesIO()
    # Black on white in the dark as well: many phones do not read it the other way round.
    code = segno.make_qr(
        addresses.link_url(current_site().settings.public_url, handout.secret), error="m"
    )
    code.save(drawn, kind="svg", scale=6, light="#fff", xmldecl=False)
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


def _made() -> tuple[Handout | None, Visit | None]:
    handout = handouts.read_handout(HandoutKind.CODE, HandoutKind.LINK)
    if handout is None:
        return None, None
    with current_site().database.read() as tx:
        return handout, visits.find_visit(tx, handout.about)


def _visit(tx: Tx, identity: str) -> Visit:
    visit = visits.find_visit(tx, identity)
    if visit is None or visit.clinic not in current_site().settings.clinics:
        abort(404)
    return visit


def _clinic(visit: Visit) -> Clinic:
    return current_site().settings.clinics[visit.clinic]
