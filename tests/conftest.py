"""What the tests of all rooms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites import TestSite, make_site, make_template


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that the tests of the validator look at."""
    words = "how many generated submissions the validator judges in each version of US Core (default: 500)"
    parser.addoption("--submissions", type=int, default=500, metavar="N", help=words)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database and its key."""
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def pages(template: Path, tmp_path: Path) -> Iterator[TestSite]:
    """A whole site whose pages can be asked for, over plain http on this machine."""
    made = make_site(template, tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def secure_pages(template: Path, tmp_path: Path) -> Iterator[TestSite]:
    """The same behind https, where CSRF protection also looks at the Referer."""
    made = make_site(template, tmp_path, "https://intake.clinic.example")
    yield made
    made.database.close()
