"""The tenant's signing keys: each with its certificate, in the two formats that federated systems read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
VALID_FOR = datetime.timedelta(days=14 * 365)


@dataclass
class SigningKey:
    """One key that signs, signed or will sign tokens.

    Attributes
    ----------
    common_name : str
        Whom its certificate names.
    since, until : datetime or None
        When it became the current key, and when another one did.
    revoked_at : datetime or None
        When tokens that it signed stopped being good.
    """

    common_name: str
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True), repr=False
    )
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    revoked_at: datetime.datetime | None = None

    @property
    def kid(self) -> str:
        """Its id, by which tokens name it."""
        return str(self.key.kid)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """A certificate that the key signs itself."""
        key = serialization.load_pem_private_key(self.key.as_pem(private=True), None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("a tenant's signing key is an RSA key")
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.common_name)])
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + VALID_FOR)
            .sign(key, hashes.SHA256())
        )

    def pem(self) -> str:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def bundle(self) -> str:
        """Return the certificate as PKCS #7."""
        return pkcs7.serialize_certificates([self.certificate], serialization.Encoding.PEM).decode()

    def thumbprint(self) -> str:
        """Return the certificate's SHA-1 in hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, as the vendor gives it

    def of_applications(self) -> list[dict[str, str]]:
        """Return the ``signing_keys`` of every application of the tenant."""
        return [{"cert": self.pem(), "pkcs7": self.bundle(), "subject": f"/CN={self.common_name}"}]
