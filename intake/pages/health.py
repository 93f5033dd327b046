"""Health checks for load balancers and the tablet's script."""

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from intake.pages.site import current_site
from intake.store import health
from intake.store.crypto import KeyFileError, KeyNotOnDiskError
from intake.store.site_keys import refuse_foreign_key

MIN_FREE_BYTES = 32 * 2**20
"""With less free space, no more patients are sent here; `intake check` warns much earlier."""


def _report_alive() -> Response:
    return Response(status=204, mimetype="text/plain")


def _report_ready() -> Response:
    # A load balancer shows the reason in its log, so each answer is one plain line.
    reason = _find_obstacle()
    if reason is not None:
        return Response(f"{reason}\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


def _find_obstacle() -> str | None:
    """Return why no answer can be stored now; None if one can."""
    site = current_site()
    try:
        if not site.database.is_current():
            return "the database needs `intake migrate`"
        with site.database.write() as tx:
            tx.cipher.verify_on_disk()
            refuse_foreign_key(tx, site.settings.key_file)
            health.write_probe(tx)
    except KeyNotOnDiskError:
        return "the key file on disk does not hold the key in use"
    except KeyFileError:
        return "the database was encrypted with another key"
    except SQLAlchemyError:
        return "the database does not answer, or cannot be written to"
    if health.free_bytes(site.settings.data_dir) < MIN_FREE_BYTES:
        return "the disk is almost full"
    return None


def init_app(app: Flask) -> None:
    """Add /alive, for the process alone, and /ready, which proves that it can store an answer."""
    app.add_url_rule("/alive", "alive", _report_alive)
    app.add_url_rule("/ready", "ready", _report_ready)
