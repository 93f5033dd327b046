"""One judge after the other, for each takes a gigabyte: the tests of one version run together."""

from collections.abc import Iterator

import pytest

from tests.support.us_core_bindings import VERSIONS
from tests.validator.judge import Judge, run_judge


@pytest.fixture(scope="session", params=VERSIONS)
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    """The judge of a version of US Core."""
    with run_judge(request.param) as found:
        yield found
