"""Where a FHIR server has its tokens given out, as `.well-known/smart-configuration` says (SMART App Launch 2.2)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from fhir_client.errors import AccessError, FhirError, TemporaryError
from fhir_client.transport import network
from fhir_client.transport.responses import TEMPORARY_STATUSES, json_body, response_error
from fhir_client.transport.tls import Tls

WELL_KNOWN = ".well-known/smart-configuration"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """A token endpoint and the ways to be known there, in the standard's words; none where the server does not say."""

    url: str
    methods: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SmartConfiguration:
    """What a server says of its way in, in the standard's words; an empty set where it does not say.

    `scopes` need not be all that it knows (SMART App Launch 2.2, section 6.2).
    """

    grants: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    algorithms: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()


def read_smart_configuration(base_url: str, timeout: float, tls: Tls) -> SmartConfiguration | None:
    """Return what the server's smart-configuration says, None where it has none; raises Temporary and ServerFault."""
    with network.open_session(tls) as session:
        try:
            said = _configuration(session, base_url, timeout, tls)
        except AccessError:
            return None
    return SmartConfiguration(
        grants=_words(said.get("grant_types_supported")),
        methods=_words(said.get("token_endpoint_auth_methods_supported")),
        algorithms=_words(said.get("token_endpoint_auth_signing_alg_values_supported")),
        scopes=_words(said.get("scopes_supported")),
        capabilities=_words(said.get("capabilities")),
    )


def _words(said: object) -> frozenset[str]:
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()


def discover_endpoint(
    session: requests.Session, base_url: str, named: str, timeout: float, tls: Tls
) -> TokenEndpoint:
    """Return the token endpoint: the one that the site `named`, else the one that the server names.

    Raises Temporary, ServerFault and AccessFault.
    """
    try:
        said = _configuration(session, base_url, timeout, tls)
    except FhirError:
        # A site that names the endpoint needs no help; the server may say nothing at all, or be in trouble with it.
        if not named:
            raise
        said = {}
    url = named or said.get("token_endpoint")
    if not isinstance(url, str) or not url:
        raise AccessError(
            "The server's smart-configuration names no token endpoint; set token_url."
        )
    if not _is_private(url):
        raise AccessError(
            "The token endpoint is not https, and secrets do not travel by plain http; set token_url."
        )
    return TokenEndpoint(url, _words(said.get("token_endpoint_auth_methods_supported")))


def _configuration(
    session: requests.Session, base_url: str, timeout: float, tls: Tls
) -> dict[str, Any]:
    url = f"{base_url.rstrip('/')}/{WELL_KNOWN}"
    headers = {"Accept": "application/json"}
    try:
        response = session.get(url, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        raise network.connection_error(error, tls) from None
    if response.status_code in TEMPORARY_STATUSES and isinstance(
        fault := response_error(response), TemporaryError
    ):
        raise fault
    found = json_body(response) if response.status_code == 200 else {}
    if not found:
        raise AccessError(
            "The server has no smart-configuration, so that its token endpoint is not known; set token_url."
        )
    return found


def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
