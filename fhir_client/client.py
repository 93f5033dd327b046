"""A small FHIR R4 client: read, search, create, batch and transaction over one pooled session, with a time-out on each call."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import requests

from fhir_client.auth import Auth, NoAuth
from fhir_client.errors import FhirError, GoneError, RefusedError, ServerError, TemporaryError
from fhir_client.references import local_reference
from fhir_client.transport import addresses, exact_json, network
from fhir_client.transport.external_files import ExternalFiles
from fhir_client.transport.responses import (
    BARRED_STATUSES,
    attachment_data,
    hidden_refusal,
    json_body,
    response_error,
    server_date,
)
from fhir_client.transport.tls import DEFAULT_TLS, Tls

JSON, JSON_PATCH, NDJSON = (
    "application/fhir+json",
    "application/json-patch+json",
    "application/fhir+ndjson",
)
ANYTHING = "*/*"
FORM = "application/x-www-form-urlencoded"
METADATA = "metadata"
FRESH = {"Cache-Control": "no-cache"}
"""Some servers answer a search that they have seen within a minute from a cache, where our own write is not yet.

What they offer may come from there: some need seconds to put it together.
"""
NO_POST = BARRED_STATUSES | {400, 404}
"""Statuses of a server that takes no search by POST, or of one before it that lets none through."""
MOVED = frozenset({302, 303, 307, 308})
"""Statuses by which a server sends us on to the store where it keeps a file."""
Resource = dict[str, Any]
Body = Resource | list[Resource] | str
Parameters = Mapping[str, str | Sequence[str]]
"""Of a search; one with several values is repeated, so that a match fulfils each of them (R4, search.html#combining)."""


class FhirClient:
    """One server. Not to be shared between threads; close it, or use it in a `with`."""

    def __init__(
        self,
        base_url: str,
        auth: Auth | None = None,
        *,
        timeout: float = 30,
        tls: Tls = DEFAULT_TLS,
    ) -> None:
        """Keep a session to `base_url`; `timeout` is in seconds."""
        self.base_url = base_url.rstrip("/")
        self._auth: Auth = auth or NoAuth()
        self._timeout = timeout
        self._tls = tls
        self._session = network.open_session(tls)
        self._session.headers.update({"Accept": JSON})
        self._elsewhere = ExternalFiles(tls, timeout)
        self.server_time: datetime | None = None
        """What the server's clock said in its answer to `capabilities`, to the second; None where it did not say."""

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
        self._session.close()
        self._elsewhere.close()

    def read_capabilities(self) -> Resource:
        """Return the server's CapabilityStatement; raises ServerFault where it is no FHIR server."""
        response = self._answer("GET", self._at(METADATA))
        self.server_time = server_date(response)
        fault = response_error(response) if response.status_code >= 300 else None
        if isinstance(fault, TemporaryError | ServerError):
            raise fault
        found = json_body(response)
        if fault or found.get("resourceType") != "CapabilityStatement":
            raise ServerError("There is no FHIR server at this base URL.", response.status_code)
        return found

    def read(self, reference: str) -> Resource:
        """Return the resource of a relative reference such as `Patient/123`; raises Gone."""
        return self._send("GET", reference)

    def search(
        self, kind: str, parameters: Parameters, *, unlogged: bool = False
    ) -> Iterator[Resource]:
        """Yield every match of a search, page after page.

        `unlogged` is for parameters that tell of a person: they are posted (R4, http.html#search), for addresses are logged
        on their way and at the server. One that takes no search in that form is asked in the usual one.
        """
        posted = self._posted(kind, parameters) if unlogged else None
        page, seen = posted or self._first_page(kind, parameters), set[str]()
        while True:
            yield from search_matches(page)
            named = next(
                (
                    link.get("url")
                    for link in page.get("link", [])
                    if link.get("relation") == "next"
                ),
                None,
            )
            if named is None:
                return
            following = addresses.url_at_server(self.base_url, str(named))
            if following in seen:
                raise RefusedError("The server's pages of results lead back to each other.")
            seen.add(following)
            page = _found(self._answer("GET", following))

    def _posted(self, kind: str, parameters: Parameters) -> Resource | None:
        response = self._answer(
            "POST",
            self._at(f"{kind}/_search"),
            urlencode(parameters, doseq=True),
            headers={"Content-Type": FORM},
        )
        return None if response.status_code in NO_POST else _found(response)

    def _first_page(self, kind: str, parameters: Parameters) -> Resource:
        try:
            return self._send("GET", kind, parameters=parameters)
        except GoneError as error:
            # A search that finds nothing is a 200; this server does not know the kind, or is none at this base URL.
            raise ServerError(
                f"The server has no {kind} to search for; check base_url.", error.status
            ) from None

    def create(self, resource: Resource) -> Resource:
        """Create a resource and return the server's, with its id, read anew where the answer only says where it is.

        Raises Refused where it was created and cannot be shown: whoever tried again would create another one.
        """
        kind = resource["resourceType"]
        response = self._done("POST", kind, resource, {})
        found = json_body(response)
        if found.get("resourceType") == kind:
            return found
        if reference := local_reference(response.headers.get("Location"), kind):
            with suppress(FhirError):
                return self.read(reference)
        raise RefusedError(
            f"The server took the {kind}, and does not show what became of it: look it up.",
            response.status_code,
        )

    def post(self, resource: Resource, if_none_exist: str | None = None) -> str | None:
        """Create a resource and return its reference, None where the answer does not tell it: then look it up."""
        headers = {} if if_none_exist is None else {"If-None-Exist": if_none_exist}
        kind = resource["resourceType"]
        response = self._done("POST", kind, resource, headers)
        found = json_body(response)
        named = (
            f"{kind}/{found['id']}" if found.get("resourceType") == kind and "id" in found else None
        )
        return named or local_reference(response.headers.get("Location"), kind)

    def put(self, reference: str, resource: Resource, version: str) -> None:
        """Replace the resource, if it still is of that version; raises Conflict."""
        self._done("PUT", reference, resource, {"If-Match": f'W/"{version}"'})

    def patch(self, reference: str, operations: list[Resource], version: str) -> None:
        """Change the resource by a JSON Patch (RFC 6902), if it still is of that version; raises Conflict."""
        self._done(
            "PATCH",
            reference,
            operations,
            {"If-Match": f'W/"{version}"', "Content-Type": JSON_PATCH},
        )

    def delete(self, reference: str) -> None:
        """Delete the resource."""
        self._done("DELETE", reference, None, {})

    def send_bundle(self, bundle: Resource) -> Resource:
        """Send a batch or transaction and return the response Bundle."""
        return self._send("POST", "", bundle)

    def send_request(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the answer to what is no interaction with a resource, such as an export's; raises for a status above 299."""
        return _accepted(
            self._answer(method, self._at(path), parameters=parameters, headers=headers)
        )

    def follow_url(self, method: str, named: str) -> requests.Response:
        """Return the answer at an address that the server named, such as that of an export; raises for a status above 299."""
        return _accepted(self._answer(method, addresses.url_at_server(self.base_url, named)))

    def read_lines(self, named: str) -> Iterator[bytes]:
        """Yield the lines of a file that the server named, as they come; raises Temporary where it is broken off.

        What tells who we are goes to our own origin alone: a file at another host is fetched without it, or not at all. One
        redirect is followed, for servers send those who may have a file on to a store of theirs.
        """
        with self._file(named, NDJSON) as response:
            try:
                yield from filter(None, _accepted(response).iter_lines())
            except requests.RequestException as error:
                raise network.connection_error(error, self._tls) from None

    def read_content(self, named: str) -> bytes:
        """Return what stands at an attachment's address, fetched as `lines` are; of a Binary its content (R4, binary.html)."""
        with self._file(named, ANYTHING) as response:
            try:
                raw = _accepted(response).content
            except requests.RequestException as error:
                raise network.connection_error(error, self._tls) from None
        found = json_body(response)
        return attachment_data(found) if found.get("resourceType") == "Binary" else raw

    def _file(self, named: str, accept: str) -> requests.Response:
        response = self._at_its_place(addresses.file_url(self.base_url, named), accept)
        location = response.headers.get("Location")
        if location is None or response.status_code not in MOVED:
            return response
        response.close()
        return self._at_its_place(
            addresses.redirect_url(self.base_url, response.url, location), accept
        )

    def _at_its_place(self, url: str, accept: str) -> requests.Response:
        if addresses.is_at_server(self.base_url, url):
            return self._answer("GET", url, headers={"Accept": accept}, stream=True)
        return self._elsewhere.open_file(url, accept)

    def _at(self, path: str) -> str:
        return f"{self.base_url}/{path}" if path else self.base_url

    def _send(
        self,
        method: str,
        path: str,
        body: Resource | None = None,
        parameters: Parameters | None = None,
    ) -> Resource:
        return _found(self._answer(method, self._at(path), body, parameters))

    def _done(
        self, method: str, path: str, body: Body | None, headers: Mapping[str, str]
    ) -> requests.Response:
        """Send a write whose answer need not carry the resource: a status below 300 says that it was done."""
        response = _accepted(self._answer(method, self._at(path), body, headers=headers))
        if refusal := hidden_refusal(json_body(response)):
            raise refusal
        return response

    def _answer(
        self,
        method: str,
        url: str,
        body: Body | None = None,
        parameters: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        stream: bool = False,
    ) -> requests.Response:
        response = self._attempt(method, url, body, parameters, headers or {}, stream=stream)
        if response.status_code == 401 and self._auth.renew():
            return self._attempt(method, url, body, parameters, headers or {}, stream=stream)
        return response

    def _attempt(
        self,
        method: str,
        url: str,
        body: Body | None,
        parameters: Parameters | None,
        more: Mapping[str, str],
        *,
        stream: bool,
    ) -> requests.Response:
        headers = {**self._auth.headers(), **({} if url == self._at(METADATA) else FRESH)}
        if body is not None:
            headers["Content-Type"] = JSON
        headers |= more
        data = body if body is None or isinstance(body, str) else exact_json.format_json(body)
        try:
            return self._session.request(
                method,
                url,
                params=parameters,
                data=None if data is None else data.encode(),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=stream,
            )
        except requests.RequestException as error:
            raise network.connection_error(error, self._tls) from None


def _accepted(response: requests.Response) -> requests.Response:
    """Return the response; raises what its status stands for where that is above 299."""
    if response.status_code >= 300:
        raise response_error(response)
    return response


def _found(response: requests.Response) -> Resource:
    """Return the resource that the response carries; raises what a status above 299, a refusal, or half of one stands for."""
    found = json_body(_accepted(response))
    if refusal := hidden_refusal(found):
        raise refusal
    if not found:
        raise TemporaryError(
            "The server's answer was cut off or was no FHIR.", response.status_code
        )
    return found


def search_matches(page: Resource) -> Iterator[Resource]:
    """Yield the resources of a searchset, without what the server only says of the search."""
    entries = (
        each for each in page.get("entry", []) if each.get("search", {}).get("mode") != "outcome"
    )
    yield from (each["resource"] for each in entries if "resource" in each)
