"""The accounts of an Auth0 user: which other users were linked to it, and so are no users of their own any more."""

import msgspec
from msgspec import Struct

from crosswalk.domain.ids import UserId


class _Account(Struct, gc=False):
    provider: str = ""
    user_id: str | int = ""


class _User(Struct, gc=False):
    user_id: str = ""
    identities: tuple[_Account, ...] = ()


_decode = msgspec.json.Decoder(_User).decode


def linked_accounts(profile: bytes) -> tuple[UserId, ...]:
    """The ids that the accounts of a user had as users of their own, before they were linked to it.

    An entry of `identities` has the provider and the part of the id behind the bar ("User Account Linking").
    """
    try:
        user = _decode(profile)
    except msgspec.DecodeError:
        return ()
    ids = [f"{each.provider}|{each.user_id}" for each in user.identities]
    if ids == [user.user_id]:
        return ()  # the usual user is no more than itself
    others = [UserId(each) for each in dict.fromkeys(ids) if each != user.user_id]
    # PostgreSQL's texts cannot hold NUL, and no id has it.
    return tuple([each for each in others if "\0" not in each])
