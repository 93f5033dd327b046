"""Shared steps of the patients' journeys: make a link, skip questions, read the submission."""

from datetime import timedelta

from intake.answers import Submission
from intake.store import links
from intake.store.outbox import leases
from intake.store.visits import Visit
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


def create_link_path(site: TestSite, visit: Visit, days: int = 2) -> str:
    """Create a link to the visit and return its path."""
    with site.database.write() as tx:
        _, token = links.create_link(tx, visit, site.clock() + timedelta(days=days))
    return f"/l/{token}"


def skip_to_check(person: PatientSession) -> list[str]:
    """Skip every question up to the check page, and return the paths on the way."""
    paths = []
    while person.path != "/check":
        paths.append(person.path)
        person.send_form()
    return paths


def read_only_submission(site: TestSite) -> Submission:
    """Return the one submission in the outbox."""
    with site.database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=9, lease=timedelta(minutes=1))
    return leased.submission
