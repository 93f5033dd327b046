"""Other hosts than the server's own, at which it keeps files: they get nothing of ours, neither credentials nor certificate."""

import requests

from fhir_client import network
from fhir_client.errors import ServerFault
from fhir_client.tls import Tls


class Elsewhere:
    """A session for them; to be closed."""

    def __init__(self, tls: Tls, timeout: float) -> None:
        """Trust whom we trust, and show nothing of ourselves; `timeout` is in seconds."""
        self._tls, self._timeout = tls.unshown, timeout
        self._session = network.session(self._tls)

    def get(self, url: str, accept: str) -> requests.Response:
        """Return what is there, unread; raises ServerFault for a place that cannot be reached securely."""
        if not url.startswith("https:"):
            raise ServerFault(
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
            raise network.fault(error, self._tls) from None

    def close(self) -> None:
        """Close the session."""
        self._session.close()
