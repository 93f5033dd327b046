"""Finds a token endpoint by the server's smart-configuration."""

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
    """A token endpoint and its authentication methods, in the standard's words.

    `methods` is empty where the server names none.
    """

    url: str
    methods: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SmartConfiguration:
    """The parts of a smart-configuration that concern access.

    A set is empty where the server is silent.

    `scopes` need not be all scopes of the server (SMART App Launch 2.2, section 6.2).
    """

    grants: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    algorithms: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()


def read_smart_configuration(base_url: str, timeout: float, tls: Tls) -> SmartConfiguration | None:
    """Return the smart-configuration, None where the server has none.

    Raises TemporaryError and ServerError.
    """
    with network.open_session(tls) as session:
        try:
            configuration = _fetch_configuration(session, base_url, timeout, tls)
        except AccessError:
            # The server has no configuration, which is allowed.
            return None
    return SmartConfiguration(
        grants=_string_set(configuration.get("grant_types_supported")),
        methods=_string_set(configuration.get("token_endpoint_auth_methods_supported")),
        algorithms=_string_set(
            configuration.get("token_endpoint_auth_signing_alg_values_supported")
        ),
        scopes=_string_set(configuration.get("scopes_supported")),
        capabilities=_string_set(configuration.get("capabilities")),
    )


def _string_set(raw: object) -> frozenset[str]:
    return frozenset(map(str, raw)) if isinstance(raw, list) else frozenset()


def discover_endpoint(
    session: requests.Session, base_url: str, token_url: str, timeout: float, tls: Tls
) -> TokenEndpoint:
    """Return the site's `token_url`, else the endpoint that the server names.

    Raises TemporaryError, ServerError and AccessError.
    """
    try:
        configuration = _fetch_configuration(session, base_url, timeout, tls)
    except FhirError:
        # A site with its own token_url needs no configuration, and the server may have none.
        if not token_url:
            raise
        configuration = {}
    url = token_url or configuration.get("token_endpoint")
    if not isinstance(url, str) or not url:
        raise AccessError(
            "The server's smart-configuration names no token endpoint; set token_url."
        )
    if not _is_private(url):
        raise AccessError(
            "The token endpoint is not https, and a secret must not travel by plain http; "
            "set token_url."
        )
    return TokenEndpoint(
        url, _string_set(configuration.get("token_endpoint_auth_methods_supported"))
    )


def _fetch_configuration(
    session: requests.Session, base_url: str, timeout: float, tls: Tls
) -> dict[str, Any]:
    url = f"{base_url.rstrip('/')}/{WELL_KNOWN}"
    headers = {"Accept": "application/json"}
    response = network.request_access(session, "GET", url, timeout, tls, headers=headers)
    if response.status_code in TEMPORARY_STATUSES:
        failure = response_error(response)
        if isinstance(failure, TemporaryError):
            raise failure
    configuration = json_body(response) if response.status_code == 200 else {}
    if not configuration:
        raise AccessError(
            "The server has no smart-configuration, so its token endpoint is not known; "
            "set token_url."
        )
    return configuration


def _is_private(url: str) -> bool:
    # Plain http does not leave this machine on a loopback address.
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
