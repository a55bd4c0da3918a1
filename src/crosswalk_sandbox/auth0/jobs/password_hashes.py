"""Password hashes that imports bring: how each is checked against a typed password, in the formats of the vendor.

Those of bcrypt, argon2 and md4 are taken, but nothing matches them: such a user has to reset the password.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

ALGORITHMS = ("argon2", "bcrypt", "hmac", "ldap", "md4", "md5", "sha1", "sha256", "sha512", "pbkdf2", "scrypt")
PLAIN = ("md5", "sha1", "sha256", "sha512")
ENCODINGS = ("base64", "hex", "utf8")
BCRYPT_SHAPE = re.compile(r"^\$2[ab]\$10\$[./A-Za-z0-9]{53}$")
PBKDF2_SHAPE = re.compile(
    r"^\$pbkdf2-(?P<digest>\w+)\$i=(?P<rounds>\d+),l=(?P<length>\d+)\$(?P<salt>[^$]+)\$(?P<key>[^$]+)$"
)
Check = Callable[[str], bool]


def check_for(custom: dict[str, Any]) -> Check:
    """Return what tells whether a typed password is the one of an imported hash.

    Parameters
    ----------
    custom : dict
        The property ``custom_password_hash`` of an imported user.

    Raises
    ------
    ValueError
        When the hash is not one of its algorithm's; the message says what was expected.
    """
    algorithm = custom.get("algorithm")
    stored = custom.get("hash")
    if algorithm not in ALGORITHMS:
        raise ValueError(f"No enum match for: {algorithm}")
    if not isinstance(stored, dict) or not isinstance(stored.get("value"), str):
        raise ValueError("Missing required property: hash.value")
    if algorithm in PLAIN:
        plain = str(algorithm)
        expected = decoded(stored["value"], stored.get("encoding", "hex"))
        return lambda password: hmac.compare_digest(hashlib.new(plain, salted(custom, password)).digest(), expected)
    if algorithm == "hmac":
        return hmac_check(custom, stored)
    if algorithm == "pbkdf2":
        return pbkdf2_check(stored["value"])
    if algorithm == "scrypt":
        return scrypt_check(custom, stored)
    if algorithm == "ldap":
        return ldap_check(stored["value"])
    return lambda password: False


def salted(custom: dict[str, Any], password: str) -> bytes:
    """Return the bytes of a password in its encoding, with the salt before or after them."""
    encoding = (custom.get("password") or {}).get("encoding", "utf8")
    plain = password.encode({"ucs2": "utf-16-le", "utf16le": "utf-16-le", "binary": "latin-1"}.get(encoding, encoding))
    salt = custom.get("salt")
    if not salt:
        return plain
    salt_bytes = decoded(salt["value"], salt.get("encoding", "utf8"))
    return plain + salt_bytes if salt.get("position") == "suffix" else salt_bytes + plain


def hmac_check(custom: dict[str, Any], stored: dict[str, Any]) -> Check:
    """Return the check of a keyed hash."""
    key = stored.get("key")
    digest = str(stored.get("digest"))
    if not isinstance(key, dict) or digest not in hashlib.algorithms_available:
        raise ValueError("hmac needs hash.key and a hash.digest that is known")
    key_bytes = decoded(key["value"], key.get("encoding", "utf8"))
    expected = decoded(stored["value"], stored.get("encoding", "hex"))
    return lambda password: hmac.compare_digest(
        hmac.new(key_bytes, salted(custom, password), digest).digest(), expected
    )


def pbkdf2_check(value: str) -> Check:
    """Return the check of ``$pbkdf2-<digest>$i=<rounds>,l=<length>$<salt>$<key>``, base 64 without padding."""
    match = PBKDF2_SHAPE.match(value)
    if match is None or match["digest"] not in hashlib.algorithms_available:
        raise ValueError("pbkdf2 needs $pbkdf2-<digest>$i=<rounds>,l=<length>$<salt>$<key>")
    salt, expected = decoded(match["salt"], "base64"), decoded(match["key"], "base64")
    rounds, length, digest = int(match["rounds"]), int(match["length"]), match["digest"]
    return lambda password: hmac.compare_digest(
        hashlib.pbkdf2_hmac(digest, password.encode(), salt, rounds, length), expected
    )


def scrypt_check(custom: dict[str, Any], stored: dict[str, Any]) -> Check:
    """Return the check of an scrypt key."""
    length = custom.get("keylen")
    if not isinstance(length, int) or length < 1 or not custom.get("salt"):
        raise ValueError("scrypt needs keylen and salt")
    salt = decoded(custom["salt"]["value"], custom["salt"].get("encoding", "utf8"))
    expected = decoded(stored["value"], stored.get("encoding", "hex"))
    cost, block, parallel = (
        custom.get(name, default) for name, default in (("cost", 16_384), ("blockSize", 8), ("parallelization", 1))
    )
    most = 256 * cost * block
    return lambda password: hmac.compare_digest(
        hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, dklen=length, maxmem=most), expected
    )


def ldap_check(value: str) -> Check:
    """Return the check of ``{SHA}``, ``{SSHA}``, ``{MD5}`` or ``{SMD5}`` (RFC 2307)."""
    match = re.fullmatch(r"\{(S?)(SHA|MD5)\}(.+)", value)
    if match is None:
        raise ValueError("ldap needs {SHA}, {SSHA}, {MD5} or {SMD5} and a digest")
    digest = {"SHA": "sha1", "MD5": "md5"}[match[2]]
    content = decoded(match[3], "base64")
    size = hashlib.new(digest, usedforsecurity=False).digest_size
    expected, salt = content[:size], content[size:] if match[1] else b""
    return lambda password: hmac.compare_digest(hashlib.new(digest, password.encode() + salt).digest(), expected)


def decoded(text: str, encoding: str) -> bytes:
    """Return the bytes that a text stands for; base 64 may be of either alphabet and without padding."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        if encoding == "base64":
            standard = text.replace("-", "+").replace("_", "/").replace(".", "+").rstrip("=")
            return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError(f"Expected a text in {encoding}") from None
    if encoding != "utf8":
        raise ValueError(f"No enum match for: {encoding}")
    return text.encode()
