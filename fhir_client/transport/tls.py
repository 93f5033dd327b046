"""Whom we trust, what we show of ourselves, and when a server's certificate expires, which the HTTP library does not tell."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from fhir_client.errors import AccessError

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a connection, in PEM.

    `ca_file` has the authorities that are trusted instead of the usual ones; `certificate` is what we show of ourselves
    (mutual TLS, RFC 8446, 4.4.2), with its key in `key` or in the same file.
    """

    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None

    @property
    def client_certificate(self) -> str | tuple[str, str] | None:
        """What the HTTP library is told of the certificate that we show."""
        return (self.certificate, self.key) if self.certificate and self.key else self.certificate

    @property
    def without_certificate(self) -> "Tls":
        """The same trust, for a host that is not to see who we are."""
        return Tls(self.ca_file)

    def load_context(self) -> ssl.SSLContext:
        """Return the files loaded; raises AccessFault naming the one that cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(self.ca_file or DEFAULT_CA_BUNDLE_PATH)
        except OSError:
            raise AccessError(
                f"The certificates of the authorities cannot be read from {self.ca_file}."
            ) from None
        if self.certificate is not None:
            self._show(context, self.certificate)
        return context

    def _show(self, context: ssl.SSLContext, certificate: str) -> None:
        try:
            # Without a password OpenSSL would ask the terminal for the one of a sealed key, and wait for ever.
            context.load_cert_chain(certificate, self.key, password="")
        except (OSError, ValueError):
            raise AccessError(
                f"The certificate that we show cannot be used: {certificate} and {self.key or 'the same file'} have to hold "
                "a certificate and its own key, in PEM and without a password."
            ) from None


DEFAULT_TLS = Tls()
"""The usual authorities, and nothing shown of ourselves."""


def server_certificate_expiry(
    url: str, *, tls: Tls = DEFAULT_TLS, timeout: float = 30
) -> datetime | None:
    """Return when the certificate of the server at `url` expires, checked against the same authorities as every request.

    None where there is none to see: plain http, no answer, or a certificate that is not trusted.
    """
    if not url.startswith("https:"):
        return None
    try:
        with _connected(url, tls, timeout) as secure:
            held = secure.getpeercert() or {}
    except (OSError, AccessError):
        return None
    until = held.get("notAfter")
    return (
        datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
        if isinstance(until, str)
        else None
    )


def handshake_alert(url: str, tls: Tls, timeout: float = 1) -> str:
    """Return the name of the alert with which the server at `url` breaks off a connection; "" where it does not.

    The timeout is short: a server that lets us in says nothing until it is asked something.
    """
    if not url.startswith("https:"):
        return ""
    try:
        with _connected(url, tls, timeout) as secure:
            secure.recv(1)
    except ssl.SSLError as error:
        return error.reason or ""
    except (OSError, AccessError):
        return ""
    return ""


@contextmanager
def _connected(url: str, tls: Tls, timeout: float) -> Iterator[ssl.SSLSocket]:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or HTTPS_PORT)
    with (
        socket.create_connection(address, timeout) as plain,
        tls.load_context().wrap_socket(plain, server_hostname=parts.hostname) as secure,
    ):
        yield secure


def certificate_file_expiry(certificate: Path) -> datetime | None:
    """Return when the certificate in a PEM file ends; None where there is none to read."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None
