"""A correct site, which a test makes faulty."""

from pathlib import Path

import pytest

from tests.support.command_site import write_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A correct site."""
    write_site(tmp_path, "https://ehr.example/fhir")
    return tmp_path
