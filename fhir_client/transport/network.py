"""Opens HTTP sessions, and turns connection failures into our errors."""

import re
import ssl
from collections.abc import Iterator
from time import monotonic
from typing import Any

import requests

from fhir_client.errors import AccessError, FhirError, RefusedError, ServerError, TemporaryError
from fhir_client.transport.bodies import receive_body
from fhir_client.transport.tls import Tls, handshake_alert

# OpenSSL's names of the alerts by which a server refuses or misses a client certificate
# (RFC 8446, section 6.2).
_CERTIFICATE_REFUSED = re.compile(
    "ALERT_(?:.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)"
)


def open_session(tls: Tls) -> requests.Session:
    """Return a pooled session; the caller closes it."""
    session = requests.Session()
    # Environment settings could send patients' data through a stray proxy, or read a netrc file.
    session.trust_env = False
    session.verify = tls.ca_file or True
    session.cert = tls.client_certificate
    return session


def request_access(
    session: requests.Session, method: str, url: str, timeout: float, tls: Tls, **options: Any
) -> requests.Response:
    """Return the response of a token endpoint or of a smart-configuration, of any status.

    `timeout` is in seconds and holds for the whole response. Raises TemporaryError, ServerError
    and AccessError.
    """
    deadline = monotonic() + timeout
    try:
        response = session.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **options
        )
        return receive_body(response, deadline)
    except requests.RequestException as error:
        raise connection_error(error, tls) from None
    except RefusedError as error:
        # The endpoint is at fault and not a submission, which must keep waiting.
        raise AccessError(error.message, error.status) from None


def connection_error(error: requests.RequestException, tls: Tls) -> FhirError:
    """Return the error that a request without a response stands for."""
    causes = tuple(_walk_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return ServerError("The server's certificate is not trusted, or has expired.")
    if _refuses_certificate(error, causes, tls):
        return AccessError(
            "The server refuses our client certificate, or asks for one and gets none."
        )
    if isinstance(error, requests.exceptions.SSLError) and not _is_cut_off(causes):
        return ServerError("No secure connection with the server is possible.")
    if isinstance(error, requests.Timeout):
        return TemporaryError("The server did not answer in time.")
    return TemporaryError("The server cannot be reached.")


def _refuses_certificate(
    error: requests.RequestException, causes: tuple[BaseException, ...], tls: Tls
) -> bool:
    alert = next(
        (cause.reason for cause in causes if isinstance(cause, ssl.SSLError) and cause.reason), ""
    )
    if _is_cut_off(causes) and error.request is not None and error.request.url:
        # In TLS 1.3 the alert arrives while we already send the request, and is lost with the
        # connection. A second handshake without a request shows it.
        alert = handshake_alert(error.request.url, tls)
    return _CERTIFICATE_REFUSED.search(alert) is not None


def _is_cut_off(causes: tuple[BaseException, ...]) -> bool:
    return any(
        isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError)
        for cause in causes
    )


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes.

    The libraries wrap each other's errors in `args`.
    """
    yield error
    for cause in (*error.args, getattr(error, "reason", None)):
        if isinstance(cause, BaseException):
            yield from _walk_causes(cause)
