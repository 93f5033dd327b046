"""A client that loses answers, or lets a colleague write first."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fhir_client.client import FhirClient
from fhir_client.errors import (
    TemporaryError,
)


class UnreliableClient(FhirClient):
    """A client that loses answers, or lets a colleague write first."""

    lose_answer = False
    before_write: Any = None

    def send_bundle(self, bundle: dict[str, Any]) -> dict[str, Any]:
        if bundle["type"] != "transaction":
            return super().send_bundle(bundle)
        if self.before_write is not None:
            act, self.before_write = self.before_write, None
            act()
        answer = super().send_bundle(bundle)
        if self.lose_answer:
            raise TemporaryError("The server did not answer in time.")
        return answer


@contextmanager
def open_unreliable_client(server: str) -> Iterator[UnreliableClient]:
    with UnreliableClient(server, timeout=10) as client:
        yield client
