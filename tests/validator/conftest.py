"""One judge after the other, for each takes a gigabyte: the tests of one version run together."""

from collections.abc import Iterator

import pytest

from tests.bound import VERSIONS
from tests.validator.judging import Judge, judging


@pytest.fixture(scope="session", params=VERSIONS)
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    """The judge of a version of US Core."""
    with judging(request.param) as found:
        yield found
