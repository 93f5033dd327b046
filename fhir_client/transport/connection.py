"""One server's HTTP connection: credentials, requests and files."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Protocol

import requests

from fhir_client.errors import FhirError
from fhir_client.model import Json
from fhir_client.transport import addresses, exact_json, network
from fhir_client.transport.bodies import receive_body
from fhir_client.transport.exchanges import (
    Observe,
    describe_request,
    ignore_exchange,
    observe_exchange,
)
from fhir_client.transport.external_files import ExternalFiles
from fhir_client.transport.responses import response_error
from fhir_client.transport.tls import Tls

JSON = "application/fhir+json"
METADATA = "metadata"
# Some servers answer a search that they saw within a minute from a cache, which does not have our
# own write yet. Their CapabilityStatement may come from a cache: some need seconds to build it.
NO_CACHE = {"Cache-Control": "no-cache"}
# Statuses by which a server redirects a client to the store of its files.
REDIRECT_STATUSES = frozenset({302, 303, 307, 308})

Body = Json | list[Json] | str
Parameters = Mapping[str, str | Sequence[str]]
"""Search parameters. Repeated values must all match (R4, search.html#combining)."""


class Auth(Protocol):
    """A way to authenticate; `fhir_client.auth` has several."""

    def headers(self) -> dict[str, str]:
        """Return the headers for a request."""

    def renew(self) -> bool:
        """Drop credentials that the server refused; return whether a retry makes sense."""


class Connection:
    """The sessions with one server and the hosts of its files.

    Close it after use.
    """

    def __init__(
        self, base_url: str, auth: Auth, timeout: float, tls: Tls, observe: Observe | None = None
    ) -> None:
        """Open a session to `base_url`; `timeout` is in seconds."""
        self._observe = observe or ignore_exchange
        self._base_url, self._auth, self._timeout, self._tls = base_url, auth, timeout, tls
        self._session = network.open_session(tls)
        self._session.headers.update({"Accept": JSON})
        self._external_files = ExternalFiles(tls, timeout)

    def close(self) -> None:
        """Close the sessions."""
        self._session.close()
        self._external_files.close()

    def url(self, path: str) -> str:
        """Return the URL of a path below the base."""
        return f"{self._base_url}/{path}" if path else self._base_url

    def request(
        self,
        method: str,
        url: str,
        body: Body | None = None,
        *,
        parameters: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Return the server's response of any status.

        After a 401 it renews the credentials once and sends again. The body is limited in size and
        time; with `stream` it is unread and unlimited.
        """
        response = self._send(method, url, body, parameters, headers or {}, stream=stream)
        if response.status_code == 401 and self._auth.renew():
            return self._send(method, url, body, parameters, headers or {}, stream=stream)
        return response

    def open_file(self, named_url: str, accept: str) -> requests.Response:
        """Return the response with a file that the server named; follow one redirect.

        Credentials go to our own origin only.
        """
        response = self._open_at(addresses.file_url(self._base_url, named_url), accept)
        location = response.headers.get("Location")
        if location is None or response.status_code not in REDIRECT_STATUSES:
            return response
        response.close()
        target = addresses.redirect_url(self._base_url, response.url, location)
        return self._open_at(target, accept)

    def receive_body(self, response: requests.Response) -> requests.Response:
        """Return a response of `open_file` with its body, limited in size and time."""
        try:
            return receive_body(response, monotonic() + self._timeout)
        except requests.RequestException as error:
            raise network.connection_error(error, self._tls) from None

    def connection_error(self, error: requests.RequestException) -> FhirError:
        """Return our error for a request that broke off."""
        return network.connection_error(error, self._tls)

    def _open_at(self, url: str, accept: str) -> requests.Response:
        if addresses.is_at_server(self._base_url, url):
            return self.request("GET", url, headers={"Accept": accept}, stream=True)
        return self._external_files.open_file(url, accept)

    def _send(
        self,
        method: str,
        url: str,
        body: Body | None,
        parameters: Parameters | None,
        extra_headers: Mapping[str, str],
        *,
        stream: bool,
    ) -> requests.Response:
        headers = {**self._auth.headers(), **({} if url == self.url(METADATA) else NO_CACHE)}
        if body is not None:
            headers["Content-Type"] = JSON
        headers |= extra_headers
        data = body if body is None or isinstance(body, str) else exact_json.format_json(body)
        answer: requests.Response | None = None
        started_at = monotonic()
        try:
            response = self._session.request(
                method,
                url,
                params=parameters,
                data=None if data is None else data.encode(),
                headers=headers,
                timeout=self._timeout,
                # A redirect could lead the credentials to another host.
                allow_redirects=False,
                stream=True,
            )
            answer = response if stream else receive_body(response, started_at + self._timeout)
        except requests.RequestException as error:
            raise network.connection_error(error, self._tls) from None
        finally:
            kind = describe_request(self._base_url, method, url, body, parameters)
            observe_exchange(self._observe, kind, started_at, answer, read=not stream)
        return answer


def require_success(response: requests.Response) -> requests.Response:
    """Return the response; raises the error of a status of 300 or more."""
    if response.status_code >= 300:
        raise response_error(response)
    return response
