"""The session that every request of ours goes through, and what a fault on the way means for the caller."""

import ssl
from collections.abc import Iterator

import requests

from fhir_client.errors import AccessFault, FhirError, ServerFault, Temporary
from fhir_client.tls import Tls

# What a TLS server's alert is called where it does not take the certificate that we show, or misses one (RFC 8446, 6.2).
_OURS_REFUSED = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE", "HANDSHAKE_FAILURE")


def session(tls: Tls) -> requests.Session:
    """Return a pooled session; it is to be closed."""
    made = requests.Session()
    # Settings of the environment could send patients' data through a stray proxy, or read a netrc file.
    made.trust_env = False
    made.verify = tls.ca_file or True
    made.cert = tls.shown
    return made


def fault(error: requests.RequestException) -> FhirError:
    """Return what a request that got no answer means."""
    causes = tuple(_causes(error))
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
        return ServerFault("The server's certificate is not trusted, or has expired.")
    if any(alert in str(each).upper() for each in causes if isinstance(each, ssl.SSLError) for alert in _OURS_REFUSED):
        return AccessFault("The server does not take the certificate that we show, or asks for one and gets none.")
    if isinstance(error, requests.exceptions.SSLError):
        return ServerFault("No secure connection with the server is possible.")
    if isinstance(error, requests.Timeout):
        return Temporary("The server did not answer in time.")
    return Temporary("The server cannot be reached.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what lies below it: the libraries wrap one another's errors in their arguments."""
    yield error
    for each in (*error.args, getattr(error, "reason", None)):
        if isinstance(each, BaseException):
            yield from _causes(each)
