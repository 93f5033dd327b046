"""Skips a test that this machine cannot run, or fails it."""

import os
from typing import NoReturn

import pytest


def skip_or_fail(words: str) -> NoReturn:
    """Skip the test with the words, or fail with them under INTAKE_TESTS_SKIP_NOTHING."""
    if os.environ.get("INTAKE_TESTS_SKIP_NOTHING"):
        pytest.fail(words)
    pytest.skip(words)
