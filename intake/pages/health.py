"""Health checks for load balancers and the tablet's script."""

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from intake.pages.site import current_site


def _report_alive() -> Response:
    return Response(status=204, mimetype="text/plain")


def _report_ready() -> Response:
    # A load balancer shows the reason in its log, so each answer is one plain line.
    try:
        current = current_site().database.is_current()
    except SQLAlchemyError:
        return Response("the database does not answer\n", 503, mimetype="text/plain")
    if not current:
        return Response("the database needs `intake migrate`\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


def init_app(app: Flask) -> None:
    """Add /alive, for the process alone, and /ready, which also checks the database."""
    app.add_url_rule("/alive", "alive", _report_alive)
    app.add_url_rule("/ready", "ready", _report_ready)
