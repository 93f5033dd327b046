"""The name of `make_submission` for tests that have not moved to tests.support."""

from tests.support.outbox_steps import make_submission

__all__ = ["make_submission"]
