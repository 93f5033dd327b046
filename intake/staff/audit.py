"""Who did what and when, newest first; for administrators."""

from flask import Blueprint, render_template

from intake.pages.site import site
from intake.staff.paging import part
from intake.store import audit

ENTRIES = 100


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/audit", "audit", show)


def show() -> str:
    """Show the entries."""
    with site().database.read() as tx:
        entries = part(lambda limit, offset: audit.recent(tx, limit, offset), ENTRIES)
    return render_template("staff/audit.html", part=entries)
