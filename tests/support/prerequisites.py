"""What a test does where this machine lacks something: skip with how to get it, or fail where nothing may be skipped."""

import os
from typing import NoReturn

import pytest


def skip_or_fail(words: str) -> NoReturn:
    """Skip with the words, or fail with them under INTAKE_TESTS_SKIP_NOTHING."""
    if os.environ.get("INTAKE_TESTS_SKIP_NOTHING"):
        pytest.fail(words)
    pytest.skip(words)
