"""A small FHIR R4 client over one pooled session."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import requests

from fhir_client.auth import Auth, NoAuth
from fhir_client.errors import FhirError, GoneError, RefusedError, ServerError, TemporaryError
from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.transport import addresses
from fhir_client.transport.connection import (
    JSON,
    METADATA,
    Body,
    Connection,
    Parameters,
    require_success,
)
from fhir_client.transport.exchanges import Observe
from fhir_client.transport.responses import (
    BARRED_STATUSES,
    attachment_data,
    hidden_refusal,
    json_body,
    response_error,
    server_date,
    written_version,
)
from fhir_client.transport.searchset import next_page_url, search_matches
from fhir_client.transport.self_description import self_description_error
from fhir_client.transport.tls import DEFAULT_TLS, Tls

__all__ = ["JSON", "NDJSON", "FhirClient", "Resource", "search_matches"]

JSON_PATCH = "application/json-patch+json"
NDJSON = "application/fhir+ndjson"
ANY_TYPE = "*/*"
FORM = "application/x-www-form-urlencoded"
# Statuses of a server that takes no search by POST, or of a gateway that lets none through.
NO_POST_STATUSES = BARRED_STATUSES | {400, 404}
# Results for a clinic or a patient have some pages. A server with more names next pages forever.
MAX_PAGES = 1000
Resource = Json


class FhirClient:
    """One server. Do not share it between threads; close it, or use it in a `with`.

    Every method raises the errors of `fhir_client.errors`.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth | None = None,
        *,
        timeout: float = 30,
        tls: Tls = DEFAULT_TLS,
        observe: Observe | None = None,
    ) -> None:
        """Open a session to `base_url`.

        `timeout` is in seconds and holds for each request with its whole response. `observe` is
        told of each request, without ids and values.
        """
        self.base_url = base_url.rstrip("/")
        self._connection = Connection(self.base_url, auth or NoAuth(), timeout, tls, observe)
        self.server_time: datetime | None = None
        """The server's clock in its answer to `read_capabilities`, None where it sent none."""

    def __enter__(self) -> Self:
        """Use the client in a `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session."""
        self.close()

    def close(self) -> None:
        """Close the sessions."""
        self._connection.close()

    def read_capabilities(self) -> Resource:
        """Return the CapabilityStatement.

        Raises ServerError where there is no FHIR server.
        """
        response = self._connection.request("GET", self._connection.url(METADATA))
        self.server_time = server_date(response)
        error = response_error(response) if response.status_code >= 300 else None
        if isinstance(error, TemporaryError):
            raise error
        statement = json_body(response)
        if error is None and statement.get("resourceType") == "CapabilityStatement":
            return statement
        # A server of an old release may describe itself with any status.
        raise self_description_error(response, statement, error)

    def read(self, reference: str) -> Resource:
        """Return the resource of a reference such as `Patient/123`.

        Raises GoneError where the server has none.
        """
        return self._send_for_resource("GET", reference)

    def search(
        self,
        resource_type: str,
        parameters: Parameters,
        *,
        unlogged: bool = False,
        max_pages: int = MAX_PAGES,
    ) -> Iterator[Resource]:
        """Yield every match of a search, page after page; raises RefusedError after `max_pages`.

        `unlogged` is for parameters that identify a person: a POST keeps them out of the URLs that
        proxies and servers log (R4, http.html#search). A server without POST search gets a GET.
        """
        posted = self._post_search(resource_type, parameters) if unlogged else None
        page, seen_urls = posted or self._first_page(resource_type, parameters), set[str]()
        for _ in range(max_pages):
            yield from search_matches(page)
            next_url = next_page_url(page)
            if next_url is None:
                return
            # Behind a proxy the server names a host that we must not reach.
            own_url = addresses.url_at_server(self.base_url, next_url)
            if own_url in seen_urls:
                raise RefusedError("The server's pages of results lead back to each other.")
            seen_urls.add(own_url)
            page = _require_resource(self._connection.request("GET", own_url))
        raise RefusedError(f"The server's results have more than {max_pages} pages.")

    def _post_search(self, resource_type: str, parameters: Parameters) -> Resource | None:
        response = self._connection.request(
            "POST",
            self._connection.url(f"{resource_type}/_search"),
            urlencode(parameters, doseq=True),
            headers={"Content-Type": FORM},
        )
        return None if response.status_code in NO_POST_STATUSES else _require_resource(response)

    def _first_page(self, resource_type: str, parameters: Parameters) -> Resource:
        try:
            return self._send_for_resource("GET", resource_type, parameters=parameters)
        except GoneError as error:
            # A search without matches is a 200. A 404 means that the server does not know the
            # resource type, or that there is no FHIR server at this base URL.
            raise ServerError(
                f"The server has no {resource_type} to search for; check base_url.", error.status
            ) from None

    def create(self, resource: Resource) -> Resource:
        """Create a resource and return the server's copy with its id.

        Reads the copy where the response only names its address. Raises RefusedError where the
        server created it and cannot show it, because a retry would create another one.
        """
        resource_type = resource["resourceType"]
        response = self._send_write("POST", resource_type, resource, {})
        created = json_body(response)
        if created.get("resourceType") == resource_type:
            return created
        if reference := local_reference(response.headers.get("Location"), resource_type):
            # A failed read leads to the error below, which asks for no retry.
            with suppress(FhirError):
                return self.read(reference)
        raise RefusedError(
            f"The server took the {resource_type}, and does not show the result: look it up.",
            response.status_code,
        )

    def post(self, resource: Resource, if_none_exist: str | None = None) -> str | None:
        """Create a resource and return its reference, None where it is unknown."""
        headers = {} if if_none_exist is None else {"If-None-Exist": if_none_exist}
        resource_type = resource["resourceType"]
        response = self._send_write("POST", resource_type, resource, headers)
        created = json_body(response)
        if created.get("resourceType") == resource_type and "id" in created:
            return f"{resource_type}/{created['id']}"
        return local_reference(response.headers.get("Location"), resource_type)

    def put(self, reference: str, resource: Resource, version: str) -> str | None:
        """Replace the resource if it still has that version; raises VersionConflictError.

        Returns the new version, None where the server does not name it.
        """
        response = self._send_write("PUT", reference, resource, {"If-Match": f'W/"{version}"'})
        return written_version(response)

    def patch(self, reference: str, operations: list[Resource], version: str) -> str | None:
        """Apply a JSON Patch (RFC 6902) if the resource still has that version.

        Returns the new version, None where the server does not name it. Raises
        VersionConflictError.
        """
        headers = {"If-Match": f'W/"{version}"', "Content-Type": JSON_PATCH}
        return written_version(self._send_write("PATCH", reference, operations, headers))

    def delete(self, reference: str) -> None:
        """Delete the resource."""
        self._send_write("DELETE", reference, None, {})

    def send_bundle(self, bundle: Resource) -> Resource:
        """Send a batch or transaction and return the response Bundle."""
        return self._send_for_resource("POST", "", bundle)

    def send_request(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the response to an operation such as `$export`.

        Raises for a status above 299.
        """
        url = self._connection.url(path)
        return require_success(
            self._connection.request(method, url, parameters=parameters, headers=headers)
        )

    def follow_url(self, method: str, named_url: str) -> requests.Response:
        """Return the response at a URL that the server named.

        Raises for a status above 299.
        """
        own_url = addresses.url_at_server(self.base_url, named_url)
        return require_success(self._connection.request(method, own_url))

    def read_lines(self, named_url: str) -> Iterator[bytes]:
        """Yield the lines of a file that the server named.

        Raises TemporaryError where the file breaks off.

        The client sends its credentials to its own origin only. It fetches a file at another host
        without them. It follows one redirect, because servers redirect to the store of their files.
        """
        with self._connection.open_file(named_url, NDJSON) as response:
            if response.status_code >= 300:
                raise response_error(self._connection.receive_body(response))
            try:
                yield from filter(None, response.iter_lines())
            except requests.RequestException as error:
                raise self._connection.connection_error(error) from None

    def read_content(self, named_url: str) -> bytes:
        """Return an attachment's content; a Binary is unpacked."""
        with self._connection.open_file(named_url, ANY_TYPE) as response:
            raw = require_success(self._connection.receive_body(response)).content
        # A server may answer with the content itself, or with a Binary as JSON (R4, binary.html).
        body = json_body(response)
        return attachment_data(body) if body.get("resourceType") == "Binary" else raw

    def _send_for_resource(
        self,
        method: str,
        path: str,
        body: Resource | None = None,
        parameters: Parameters | None = None,
    ) -> Resource:
        url = self._connection.url(path)
        return _require_resource(self._connection.request(method, url, body, parameters=parameters))

    def _send_write(
        self, method: str, path: str, body: Body | None, headers: Mapping[str, str]
    ) -> requests.Response:
        """Send a write; a status below 300 is enough without the resource."""
        url = self._connection.url(path)
        response = require_success(self._connection.request(method, url, body, headers=headers))
        if refusal := hidden_refusal(json_body(response)):
            raise refusal
        return response


def _require_resource(response: requests.Response) -> Resource:
    """Return the resource in the response.

    Raises for a failure, a hidden refusal and a cut-off body.
    """
    resource = json_body(require_success(response))
    if refusal := hidden_refusal(resource):
        raise refusal
    if not resource:
        raise TemporaryError(
            "The server's answer was cut off or was no FHIR.", response.status_code
        )
    return resource
