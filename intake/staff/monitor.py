"""The monitor: each server's health, and every submission's state and reason.

It shows no name and no answer, and it calls nothing verified that was not read back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from intake.pages.site import current_site
from intake.staff import access
from intake.staff.pagination import fetch_page
from intake.store import audit, servers, strategies, visits
from intake.store.database import Tx
from intake.store.outbox.counts import (
    count_by_status,
    count_drifted,
    count_saying_more,
    last_verified,
    oldest_waiting,
)
from intake.store.outbox.records import OPEN, UNFINISHED, Status, SubmissionRecord, list_records
from intake.store.servers import ServerState
from intake.store.strategies import PinnedStrategy

ROWS_PER_PAGE = 50
REFRESH_SECONDS = 30
"""How often the page refreshes itself, if the user switched that on."""

BEHIND_AFTER = timedelta(minutes=10)
"""Delivery takes seconds: a submission that waits this long is a fault, even if others pass."""


class Health(StrEnum):
    """A server's health, the worst first."""

    UNWATCHED = "No worker"
    PAUSED = "Paused"
    BEHIND = "Behind"
    RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class ServerSummary:
    """One FHIR server: its state, its write strategy and its unfinished submissions."""

    state: ServerState
    health: Health
    open_count: int
    held_count: int
    oldest: datetime | None
    verified: datetime | None
    pinned: PinnedStrategy | None


@dataclass(frozen=True, slots=True)
class MonitorFilter:
    """Which submissions the page lists; `live` makes the page refresh itself."""

    status: Status | None
    clinic: str | None
    live: bool
    drifted: bool = False
    says_more: bool = False

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """Return the filter as parameters of an address, with changes."""
        parameters = {
            "state": self.status and self.status.value,
            "clinic": self.clinic,
            "live": "on" if self.live else None,
            "chart": "other" if self.drifted else "more" if self.says_more else None,
        }
        return {
            name: value for name, value in {**parameters, **changes}.items() if value is not None
        }


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/monitor", "monitor", show_monitor)
    blueprint.add_url_rule("/monitor/<server>/resume", "resume", resume_server, methods=["POST"])


def show_monitor() -> Response:
    """Show the monitor."""
    chosen, clinics = _read_filter(), current_site().settings.clinics.values()
    with current_site().database.read() as tx:
        summaries = [_summarize_server(tx, server) for server in current_site().settings.servers]
        unconfigured = servers.count_unconfigured(tx, current_site().settings.servers.keys())
        counts = count_by_status(tx, clinic=chosen.clinic)
        drifted = count_drifted(tx, clinic=chosen.clinic)
        saying_more = count_saying_more(tx, clinic=chosen.clinic)
        list_page = fetch_page(
            lambda limit, offset: _list_records(tx, chosen, limit, offset), ROWS_PER_PAGE
        )
        fetched = {clinic.id: visits.last_fetched_at(tx, clinic.id) for clinic in clinics}
        now = tx.now
    page = render_template(
        "staff/monitor.html",
        servers=summaries,
        unconfigured=unconfigured,
        counts=counts,
        drifted=drifted,
        saying_more=saying_more,
        list_page=list_page,
        fetched=fetched,
        chosen=chosen,
        clinics={clinic.id: clinic.name for clinic in clinics},
        states=Status,
        refresh_seconds=REFRESH_SECONDS,
        now=now,
    )
    response = make_response(page)
    if chosen.live:
        # The header needs no script, and keeps the filter and the page of the list.
        parameters = chosen.parameters(page=list_page.number, by=access.AUTO_REFRESH)
        target = url_for(".monitor", **parameters)
        response.headers["Refresh"] = f"{REFRESH_SECONDS}; url={target}"
    return response


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


def _read_filter() -> MonitorFilter:
    # An unknown state or clinic filters nothing: an old bookmark still shows the monitor.
    state, clinic = request.args.get("state", ""), request.args.get("clinic", "")
    return MonitorFilter(
        status=Status(state) if state in set(Status) else None,
        clinic=clinic if clinic in current_site().settings.clinics else None,
        live=request.args.get("live") == "on",
        drifted=request.args.get("chart") == "other",
        says_more=request.args.get("chart") == "more",
    )


def _list_records(
    tx: Tx, chosen: MonitorFilter, limit: int, offset: int
) -> tuple[SubmissionRecord, ...]:
    return list_records(
        tx,
        status=chosen.status,
        clinic=chosen.clinic,
        drifted=chosen.drifted,
        says_more=chosen.says_more,
        limit=limit,
        offset=offset,
    )


def _summarize_server(tx: Tx, server: str) -> ServerSummary:
    state = servers.read_state(tx, server)
    counts = count_by_status(tx, server, among=UNFINISHED)
    oldest = oldest_waiting(tx, server)
    return ServerSummary(
        state=state,
        health=_judge_health(state, oldest, tx.now),
        open_count=sum(counts[status] for status in OPEN),
        held_count=counts[Status.HELD],
        oldest=oldest,
        verified=last_verified(tx, server),
        pinned=strategies.read_pinned(tx, server),
    )


def _judge_health(state: ServerState, oldest: datetime | None, now: datetime) -> Health:
    # Without a worker nothing else in the server's state is current.
    if not state.is_watched(now):
        return Health.UNWATCHED
    if state.paused_since is not None:
        return Health.PAUSED
    if oldest is not None and now - oldest > BEHIND_AFTER:
        return Health.BEHIND
    return Health.RUNNING
