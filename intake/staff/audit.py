"""The administrator's audit page: every user's actions, newest first."""

from flask import Blueprint, render_template

from intake.pages.site import current_site
from intake.staff.pagination import fetch_page
from intake.store import audit

ENTRIES_PER_PAGE = 100


def register_pages(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/audit", "audit", show_audit)


def show_audit() -> str:
    """Show the entries."""
    with current_site().database.read() as tx:
        entries = fetch_page(
            lambda limit, offset: audit.recent_entries(tx, limit, offset), ENTRIES_PER_PAGE
        )
    return render_template("staff/audit.html", list_page=entries)
