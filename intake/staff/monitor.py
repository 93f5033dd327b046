"""The monitor: does it get through, what waits, what is held and why; never a name or an answer, and it never flatters."""

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
from intake.store.outbox import submissions
from intake.store.outbox.submissions import OPEN, UNFINISHED, Status
from intake.store.servers import ServerState
from intake.store.strategies import PinnedStrategy

ROWS_PER_PAGE = 50
REFRESH_SECONDS = 30
"""Seconds after which the page refreshes itself, where somebody asked for that."""
BEHIND_AFTER = timedelta(minutes=10)
"""A submission takes seconds; one that waits for so long is told of, whatever else goes well."""


class Health(StrEnum):
    """How it stands with one server, the worst first."""

    UNWATCHED = "No worker"
    PAUSED = "Paused"
    BEHIND = "Behind"
    RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class ServerLine:
    """One FHIR server: how it is written to, what the worker met, and what is still to be done there."""

    state: ServerState
    health: Health
    open: int
    held: int
    oldest: datetime | None
    verified: datetime | None
    pinned: PinnedStrategy | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which submissions are asked for; `live` has the page refresh itself."""

    status: Status | None
    clinic: str | None
    live: bool
    drifted: bool = False

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """Return them as an address carries them, with changes."""
        held = {
            "state": self.status and self.status.value,
            "clinic": self.clinic,
            "live": "on" if self.live else None,
        }
        held["chart"] = "other" if self.drifted else None
        return {name: value for name, value in {**held, **changes}.items() if value is not None}


def register_pages(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/monitor", "monitor", show)
    blueprint.add_url_rule("/monitor/<server>/resume", "resume", resume, methods=["POST"])


def show() -> Response:
    """Show the monitor."""
    wanted, clinics = _wanted(), current_site().settings.clinics.values()
    with current_site().database.read() as tx:
        lines = [_line(tx, server) for server in current_site().settings.servers]
        without_table = servers.count_unconfigured(tx, current_site().settings.servers.keys())
        counts = submissions.count_by_status(tx, clinic=wanted.clinic)
        drifted = submissions.count_drifted(tx, clinic=wanted.clinic)
        found = fetch_page(lambda limit, offset: _listing(tx, wanted, limit, offset), ROWS_PER_PAGE)
        fetched = {clinic.id: visits.last_fetched_at(tx, clinic.id) for clinic in clinics}
        now = tx.now
    page = render_template(
        "staff/monitor.html",
        servers=lines,
        without_table=without_table,
        counts=counts,
        drifted=drifted,
        part=found,
        fetched=fetched,
        wanted=wanted,
        clinics={clinic.id: clinic.name for clinic in clinics},
        states=Status,
        every=REFRESH_SECONDS,
        now=now,
    )
    response = make_response(page)
    if wanted.live:
        again = url_for(".monitor", **wanted.parameters(page=found.number, by=access.AUTO_REFRESH))
        response.headers["Refresh"] = f"{REFRESH_SECONDS}; url={again}"
    return response


def resume(server: str) -> ResponseReturnValue:
    """Have a server tried again now that is paused or rests."""
    if server not in current_site().settings.servers:
        abort(404)
    with current_site().database.write() as tx:
        servers.resume_server(tx, server)
        audit.record_action(tx, access.current_user().name, "server-retried", server)
    flash(f"The worker tries {server} again now. Look again in a moment.")
    return redirect(url_for(".monitor"), 303)


def _wanted() -> Wanted:
    state, clinic = request.args.get("state", ""), request.args.get("clinic", "")
    return Wanted(
        status=Status(state) if state in set(Status) else None,
        clinic=clinic if clinic in current_site().settings.clinics else None,
        live=request.args.get("live") == "on",
        drifted=request.args.get("chart") == "other",
    )


def _listing(
    tx: Tx, wanted: Wanted, limit: int, offset: int
) -> tuple[submissions.SubmissionRecord, ...]:
    return submissions.list_records(
        tx,
        status=wanted.status,
        clinic=wanted.clinic,
        drifted=wanted.drifted,
        limit=limit,
        offset=offset,
    )


def _line(tx: Tx, server: str) -> ServerLine:
    state, counts = (
        servers.read_state(tx, server),
        submissions.count_by_status(tx, server, among=UNFINISHED),
    )
    oldest = submissions.oldest_waiting(tx, server)
    return ServerLine(
        state=state,
        health=_health(state, oldest, tx.now),
        open=sum(counts[status] for status in OPEN),
        held=counts[Status.HELD],
        oldest=oldest,
        verified=submissions.last_verified(tx, server),
        pinned=strategies.read_pinned(tx, server),
    )


def _health(state: ServerState, oldest: datetime | None, now: datetime) -> Health:
    if not state.is_watched(now):
        return Health.UNWATCHED
    if state.paused_since is not None:
        return Health.PAUSED
    if oldest is not None and now - oldest > BEHIND_AFTER:
        return Health.BEHIND
    return Health.RUNNING
