"""What the tests of the client share."""

from collections.abc import Iterator

import pytest

from tests.fhir_client.tokens import Site
from tests.listening import Said, listening


@pytest.fixture
def site() -> Iterator[Site]:
    with listening(lambda _: Said(404)) as server:
        found = Site(server, {"token_endpoint": f"{server.url}/token"})
        server.answer = found.respond
        yield found
