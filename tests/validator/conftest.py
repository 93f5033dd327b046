"""One judge at a time, because each takes a gigabyte: the tests of a version run together."""

from collections.abc import Iterator

import pytest

from tests.support.us_core_bindings import VERSIONS
from tests.validator.judge import Judge, run_judge


@pytest.fixture(scope="session", params=VERSIONS)
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    """Yield the judge of a version of US Core."""
    with run_judge(request.param) as running_judge:
        yield running_judge
