"""Creates a certificate authority for a test, and certificates that it issues."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=90)


@dataclass(frozen=True)
class CertificateAuthority:
    """A certificate authority; `file` holds its certificate."""

    file: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    def issue_certificate(self, common_name: str, until: datetime | None = None) -> Path:
        """Write a certificate for 127.0.0.1 and its key into one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = named(common_name)
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = builder(
            subject, self.name, key, until or datetime.now(UTC) + LIFE, ca=False
        ).add_extension(address, critical=False)
        path = self.file.with_name(f"{common_name}.pem")
        path.write_bytes(private_pem(key) + pem(certificate.sign(self.key, hashes.SHA256())))
        path.chmod(0o600)
        return path


def create_authority(folder: Path, name: str = "authority") -> CertificateAuthority:
    """Create an authority whose file is in the folder."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), named(name)
    certificate = builder(subject, subject, key, datetime.now(UTC) + LIFE, ca=True).sign(
        key, hashes.SHA256()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(pem(certificate))
    return CertificateAuthority(path, key, subject)


def builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    until: datetime,
    *,
    ca: bool,
) -> x509.CertificateBuilder:
    """Begin a certificate that ends at `until`."""
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(until - LIFE - timedelta(days=1))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
