"""Reads a server's files at other hosts, without our credentials."""

import requests

from fhir_client.errors import ServerError
from fhir_client.transport import network
from fhir_client.transport.tls import Tls


class ExternalFiles:
    """A session for files at other hosts; close it after use."""

    def __init__(self, tls: Tls, timeout: float) -> None:
        """Open a session with our trusted authorities only; `timeout` is in seconds."""
        # The client certificate would tell an external host who we are.
        self._tls, self._timeout = tls.without_certificate, timeout
        self._session = network.open_session(self._tls)

    def open_file(self, url: str, accept: str) -> requests.Response:
        """Return the response with its body unread.

        Raises ServerError for a URL without https.
        """
        if not url.startswith("https:"):
            raise ServerError(
                "The server keeps its files at another host, which has no secure connection."
            )
        try:
            return self._session.get(
                url,
                headers={"Accept": accept},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise network.connection_error(error, self._tls) from None

    def close(self) -> None:
        """Close the session."""
        self._session.close()
