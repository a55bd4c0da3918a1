"""The tenant's signing certificate as its applications show it, in the two formats that federated systems read."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

VALID_FOR = datetime.timedelta(days=14 * 365)


def signing_keys(key_pem: bytes, common_name: str) -> list[dict[str, str]]:
    """Return the ``signing_keys`` of every application of a tenant.

    Parameters
    ----------
    key_pem : bytes
        The private RSA key that signs the tenant's tokens.
    common_name : str
        Whom the certificate names.
    """
    key = serialization.load_pem_private_key(key_pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("a tenant's signing key is an RSA key")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + VALID_FOR)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    bundle = pkcs7.serialize_certificates([certificate], serialization.Encoding.PEM).decode()
    return [{"cert": pem, "pkcs7": bundle, "subject": f"/CN={common_name}"}]
