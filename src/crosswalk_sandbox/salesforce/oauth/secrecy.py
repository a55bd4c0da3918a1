"""Tokens that are kept only as digests, so that no log, repr or memory of ours can tell one."""

import hashlib
import hmac


def digest(token: str) -> bytes:
    """What stands for a token wherever tokens are looked up; guessing it byte by byte from timings leads nowhere."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def is_same(given: str, expected: str) -> bool:
    """Whether two secrets agree, in a time that does not depend on how far they do."""
    return hmac.compare_digest(digest(given), digest(expected))
