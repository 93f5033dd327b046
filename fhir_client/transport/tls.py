"""The TLS files of a connection, and the expiry dates of certificates.

The library requests reports no expiry date.
"""

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
    """The PEM files of a connection.

    `ca_file` has the authorities to trust instead of the usual ones. `certificate` is our client
    certificate (mutual TLS, RFC 8446, 4.4.2), with its key in `key` or in the same file.
    """

    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None

    @property
    def client_certificate(self) -> str | tuple[str, str] | None:
        """The client certificate in the form that requests takes."""
        return (self.certificate, self.key) if self.certificate and self.key else self.certificate

    @property
    def without_certificate(self) -> "Tls":
        """The same trust without our certificate, which identifies us."""
        return Tls(self.ca_file)

    def load_context(self) -> ssl.SSLContext:
        """Return a context with the files loaded.

        Raises AccessError with the name of an unusable file.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(self.ca_file or DEFAULT_CA_BUNDLE_PATH)
        except OSError:
            raise AccessError(
                f"The certificates of the authorities cannot be read from {self.ca_file}."
            ) from None
        if self.certificate is not None:
            self._load_certificate(context, self.certificate)
        return context

    def _load_certificate(self, context: ssl.SSLContext, certificate: str) -> None:
        try:
            # With no password given, OpenSSL would ask for one at the terminal and wait for ever.
            context.load_cert_chain(certificate, self.key, password="")
        except (OSError, ValueError):
            key_file = self.key or "the same file"
            raise AccessError(
                f"Our client certificate cannot be used: {certificate} and {key_file} must hold "
                "a certificate and its own key, in PEM and without a password."
            ) from None


# The usual authorities, and no client certificate.
DEFAULT_TLS = Tls()


def server_certificate_expiry(
    url: str, *, tls: Tls = DEFAULT_TLS, timeout: float = 30
) -> datetime | None:
    """Return when the certificate of the server at `url` expires.

    Return None for plain http, for no answer, and for a certificate that `tls` does not trust.
    """
    if not url.startswith("https:"):
        return None
    try:
        with _connect(url, tls, timeout) as secure:
            certificate = secure.getpeercert() or {}
    except (OSError, AccessError):
        return None
    not_after = certificate.get("notAfter")
    return (
        datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
        if isinstance(not_after, str)
        else None
    )


def handshake_alert(url: str, tls: Tls, timeout: float = 1) -> str:
    """Return the TLS alert with which the server ends a connection, else "".

    The timeout is short: a server that accepts us sends nothing before it gets a request.
    """
    if not url.startswith("https:"):
        return ""
    try:
        with _connect(url, tls, timeout) as secure:
            # The alert comes after the handshake, so only a read shows it.
            secure.recv(1)
    except ssl.SSLError as error:
        return error.reason or ""
    except (OSError, AccessError):
        return ""
    return ""


@contextmanager
def _connect(url: str, tls: Tls, timeout: float) -> Iterator[ssl.SSLSocket]:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or HTTPS_PORT)
    with (
        socket.create_connection(address, timeout) as plain,
        tls.load_context().wrap_socket(plain, server_hostname=parts.hostname) as secure,
    ):
        yield secure


def certificate_file_expiry(certificate: Path) -> datetime | None:
    """Return when the certificate in a PEM file expires; None where the file has none."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None
