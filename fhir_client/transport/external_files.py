"""Other hosts than the server's own, at which it keeps files: they get nothing of ours, neither credentials nor certificate."""

import requests

from fhir_client.errors import ServerError
from fhir_client.transport import network
from fhir_client.transport.tls import Tls


class ExternalFiles:
    """A session for them; to be closed."""

    def __init__(self, tls: Tls, timeout: float) -> None:
        """Trust whom we trust, and show nothing of ourselves; `timeout` is in seconds."""
        self._tls, self._timeout = tls.without_certificate, timeout
        self._session = network.open_session(self._tls)

    def open_file(self, url: str, accept: str) -> requests.Response:
        """Return what is there, unread; raises ServerFault for a place that cannot be reached securely."""
        if not url.startswith("https:"):
            raise ServerError(
                "The server keeps its files at another place, which cannot be reached securely."
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
