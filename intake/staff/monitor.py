"""The monitor: each server's health, the queue by cause, and every submission's state.

It shows no name and no answer, and it calls nothing verified that was not read back.
"""

import functools
from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.settings import Settings
from intake.staff import access
from intake.staff.monitor_filter import MonitorFilter, read_filter
from intake.store import audit, devices, servers, strategies, visits
from intake.store.database import Tx
from intake.store.health_words import (
    SiteHealth,
    explain_obstacle,
    read_site_health,
    summarize_site,
)
from intake.store.outbox.causes import list_causes
from intake.store.outbox.counts import count_drifted, count_saying_more
from intake.store.outbox.group_actions import allowed_kinds, list_group_actions
from intake.store.outbox.record_pages import COUNT_LIMIT, count_states, read_page
from intake.store.outbox.records import Status

ROWS_PER_PAGE = 50
REFRESH_SECONDS = 30
"""How often the page refreshes itself."""
SHOW_FINISHED = timedelta(minutes=10)
"""How long the page shows a group action after its end."""


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/monitor", "monitor", show_monitor)
    blueprint.add_url_rule("/monitor/<server>/resume", "resume", resume_server, methods=["POST"])


def show_monitor() -> Response:
    """Show the monitor."""
    chosen, settings = read_filter(), current_site().settings
    with current_site().database.read() as tx:
        values = read_monitor(tx, settings, chosen)
    site_health: SiteHealth = values["site_health"]
    page = render_template(
        "staff/monitor.html",
        summary=summarize_site(site_health),
        obstacles=functools.cache(functools.partial(explain_obstacle, site_health)),
        allowed_kinds=allowed_kinds,
        chosen=chosen,
        clinics={clinic.id: clinic.name for clinic in settings.clinics.values()},
        states=Status,
        count_limit=COUNT_LIMIT,
        refresh_seconds=REFRESH_SECONDS,
        **values,
    )
    response = make_response(page)
    if chosen.live:
        response.headers["Refresh"] = f"{REFRESH_SECONDS}; url={_refresh_address(chosen)}"
    return response


def read_monitor(tx: Tx, settings: Settings, chosen: MonitorFilter) -> dict[str, Any]:
    """Return the template's values that come from the store."""
    place = {"before": chosen.before, "after": chosen.after}
    return {
        "site_health": read_site_health(tx, settings),
        "pins": {server: strategies.read_pinned(tx, server) for server in settings.servers},
        "unconfigured": servers.count_unconfigured(tx, settings.servers.keys()),
        "counts": count_states(tx, chosen.clinic),
        "drifted": count_drifted(tx, clinic=chosen.clinic),
        "saying_more": count_saying_more(tx, clinic=chosen.clinic),
        "causes": list_causes(tx, chosen.clinic),
        "group_actions": list_group_actions(tx, tx.now - SHOW_FINISHED),
        "list_page": read_page(tx, chosen.record_filter(), ROWS_PER_PAGE, **place),
        "fetched": {clinic: visits.last_fetched_at(tx, clinic) for clinic in settings.clinics},
        "tablets": [(device.id, device.label) for device in devices.list_devices(tx)],
        "now": tx.now,
    }


def _refresh_address(chosen: MonitorFilter) -> str:
    # The header needs no script, and keeps the filter and the page of the list.
    place = {"before": chosen.before, "after": chosen.after, "by": access.AUTO_REFRESH}
    return url_for(".monitor", **chosen.parameters(**place))


def resume_server(server: str) -> ResponseReturnValue:
    """End a server's pause, so that the worker tries it at once."""
    # A server without a table has no worker that could try it.
    if server not in current_site().settings.servers:
        abort(404)
    with current_site().database.write() as tx:
        servers.resume_server(tx, server)
        audit.record_action(tx, access.current_user().name, "server-retried", server)
    flash(f"The worker tries {server} again now. Refresh the page in a moment.")
    return redirect(url_for(".monitor"), 303)
