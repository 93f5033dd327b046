"""When a server's certificate expires, which the HTTP library does not tell."""

import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

HTTPS_PORT = 443


def expires(url: str, *, ca_file: str | None = None, timeout: float = 30) -> datetime | None:
    """Return when the certificate of the server at `url` expires, checked against the same authorities as every request.

    None where there is none to see: plain http, no answer, or a certificate that is not trusted.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None:
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)
        with (
            socket.create_connection((parts.hostname, parts.port or HTTPS_PORT), timeout) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            held = secure.getpeercert() or {}
    except OSError:
        return None
    until = held.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if isinstance(until, str) else None
