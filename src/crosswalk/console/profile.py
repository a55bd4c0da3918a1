"""What of an Auth0 profile goes into a headline."""

import msgspec
from msgspec import Struct


class Summary(Struct, frozen=True):
    """A person in one line; texts are empty where the profile has none."""

    name: str
    email: str
    email_verified: bool
    blocked: bool


class _Profile(Struct):
    name: object = None
    nickname: object = None
    email: object = None
    email_verified: object = None
    blocked: object = None


def summary_of(profile: bytes, user_id: str) -> Summary:
    """Read the headline from a profile's JSON text; a profile that is none is named by its user id."""
    try:
        read = msgspec.json.decode(profile, type=_Profile)
    except (msgspec.DecodeError, UnicodeDecodeError):
        read = _Profile()
    email = read.email if isinstance(read.email, str) else ""
    names = [name for name in (read.name, read.nickname, email) if isinstance(name, str) and name.strip()]
    return Summary(
        name=names[0] if names else user_id,
        email=email,
        email_verified=read.email_verified is True,
        blocked=read.blocked is True,
    )
