"""The session that every request of ours goes through, and what a fault on the way means for the caller."""

import re
import ssl
from collections.abc import Iterator

import requests

from fhir_client.errors import AccessError, FhirError, ServerError, TemporaryError
from fhir_client.transport.tls import Tls, handshake_alert

# What a server's alert is called where it does not take the certificate that we show, or misses one (RFC 8446, 6.2).
_OURS_REFUSED = re.compile(
    "ALERT_(?:.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)"
)


def open_session(tls: Tls) -> requests.Session:
    """Return a pooled session; it is to be closed."""
    made = requests.Session()
    # Settings of the environment could send patients' data through a stray proxy, or read a netrc file.
    made.trust_env = False
    made.verify = tls.ca_file or True
    made.cert = tls.client_certificate
    return made


def connection_error(error: requests.RequestException, tls: Tls) -> FhirError:
    """Return what a request that got no answer means."""
    causes = tuple(_causes(error))
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
        return ServerError("The server's certificate is not trusted, or has expired.")
    if _ours_is_refused(error, causes, tls):
        return AccessError(
            "The server does not take the certificate that we show, or asks for one and gets none."
        )
    if isinstance(error, requests.exceptions.SSLError) and not _was_cut(causes):
        return ServerError("No secure connection with the server is possible.")
    if isinstance(error, requests.Timeout):
        return TemporaryError("The server did not answer in time.")
    return TemporaryError("The server cannot be reached.")


def _ours_is_refused(
    error: requests.RequestException, causes: tuple[BaseException, ...], tls: Tls
) -> bool:
    said = next(
        (each.reason for each in causes if isinstance(each, ssl.SSLError) and each.reason), ""
    )
    if _was_cut(causes) and error.request is not None and error.request.url:
        # In TLS 1.3 the alert comes while we send already, and is lost with the connection: so it is asked for.
        said = handshake_alert(error.request.url, tls)
    return _OURS_REFUSED.search(said) is not None


def _was_cut(causes: tuple[BaseException, ...]) -> bool:
    return any(
        isinstance(each, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError)
        for each in causes
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what lies below it: the libraries wrap one another's errors in their arguments."""
    yield error
    for each in (*error.args, getattr(error, "reason", None)):
        if isinstance(each, BaseException):
            yield from _causes(each)
