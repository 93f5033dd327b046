"""A site as a worker's thread sees it, for the tests of the worker's modules."""

from collections.abc import Iterator

import pytest

from tests.support.sites import TestSite
from tests.support.worker_site import WorkerSite, make_worker_site


@pytest.fixture
def worker_site(pages: TestSite) -> Iterator[WorkerSite]:
    """A site with a worker's context and an empty outbox."""
    made = make_worker_site(pages)
    with made.context.client:
        yield made
