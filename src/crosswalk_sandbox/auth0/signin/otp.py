"""One-time passwords of an authenticator app (RFC 6238, SHA-1, six digits, 30 s), and who has enrolled one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
import struct
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from crosswalk_sandbox.auth0.events import new_id

STEP_SECONDS = 30
DIGITS = 6
# A code of the step before or after is taken as well, for clocks that differ a little.
STEPS_OFF = 1
RECOVERY_ALPHABET = string.ascii_uppercase + string.digits


def new_recovery_code() -> str:
    """Return a recovery code: 24 letters and digits."""
    return "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(24))


@dataclass(slots=True)
class Enrollment:
    """A person's authenticator app, and the recovery code for when it is lost."""

    id: str
    secret: str = field(repr=False)
    enrolled_at: datetime
    last_step: int = -1
    name: str = ""
    recovery_code: str = field(default_factory=new_recovery_code, repr=False)


class Enrollments:
    """The confirmed authenticator apps by user."""

    def __init__(self) -> None:
        self._by_user: dict[str, Enrollment] = {}

    def find(self, user_id: str) -> Enrollment | None:
        """Return a user's authenticator, or None."""
        return self._by_user.get(user_id)

    def by_id(self, enrollment_id: str) -> tuple[str, Enrollment] | None:
        """Return whose authenticator has this id, and itself, or None."""
        return next((found for found in self._by_user.items() if found[1].id == enrollment_id), None)

    def enroll(self, user_id: str, secret: str, now: datetime) -> Enrollment:
        """Take `secret` as the user's authenticator."""
        enrollment = Enrollment(new_id("totp"), secret, now)
        self._by_user[user_id] = enrollment
        return enrollment

    def remove(self, user_id: str) -> bool:
        """Drop a user's authenticator, and tell whether there was one."""
        return self._by_user.pop(user_id, None) is not None

    def accept(self, user_id: str, code: str, now: datetime) -> bool:
        """Tell whether `code` is right now the one of the user's authenticator; each is taken once."""
        enrollment = self._by_user.get(user_id)
        if enrollment is None:
            return False
        step = matching_step(enrollment.secret, code, now)
        if step is None or step <= enrollment.last_step:
            return False
        enrollment.last_step = step
        return True

    def recover(self, user_id: str, code: str) -> bool:
        """Tell whether `code` is the user's recovery code, which another one replaces then."""
        enrollment = self._by_user.get(user_id)
        wanted = "" if enrollment is None else enrollment.recovery_code
        if enrollment is None or not hmac.compare_digest(wanted.encode(), code.strip().upper().encode()):
            return False
        enrollment.recovery_code = new_recovery_code()
        return True


def new_secret() -> str:
    """Return a new shared secret in base 32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose one-time password is `code`, or None."""
    present = int(now.timestamp()) // STEP_SECONDS
    for step in range(present - STEPS_OFF, present + STEPS_OFF + 1):
        if hmac.compare_digest(one_time_password(secret, step).encode(), code.strip().encode()):
            return step
    return None


def one_time_password(secret: str, step: int) -> str:
    """Return the one-time password of a time step (RFC 4226)."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return str((number & 0x7FFFFFFF) % 10**DIGITS).zfill(DIGITS)


def otpauth_uri(secret: str, issuer: str, account: str) -> str:
    """Return the address that an authenticator app reads from a QR code."""
    label = quote(f"{issuer}:{account}", safe=":")
    query = urlencode({"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": 30})
    return f"otpauth://totp/{label}?{query}"
