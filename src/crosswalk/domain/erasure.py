"""Forgetting a person: what stands in the place of an id afterwards, and what is done with the record."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from crosswalk.domain.ids import OrgName, RecordId, TenantName, UserId
from crosswalk.domain.values import FieldValue

CREATIONS = frozenset({"user.created", "ss"})
"""The types of events that a user was made anew, after which an id is no longer forgotten."""

_PSEUDONYM = "erased:"


class RecordErasure(StrEnum):
    """What is done with the Salesforce record of a person who is erased."""

    LEAVE = "leave"
    """Nothing: the record has a life of its own."""
    ANONYMISE = "anonymise"
    """The mapped fields and the user's id are cleared, or get a word in their place."""
    DELETE = "delete"
    """The record goes to the recycle bin."""


class ErasurePolicy(Struct, frozen=True):
    """What a sync does in Salesforce about a person who is erased.

    Parameters
    ----------
    record
        What is done with the record.
    values
        What fields get that cannot be empty, or are to say something; other mapped fields are cleared.
    keep
        Mapped fields that are left as they are.
    """

    record: RecordErasure = RecordErasure.LEAVE
    values: Mapping[str, FieldValue] = {}
    keep: tuple[str, ...] = ()


def digest_of_user(tenant: TenantName, user_id: UserId) -> bytes:
    """What remains of a user's id: 32 bytes that tell nobody who it was, but are the same whenever it comes back."""
    return sha256(f"tenant {tenant}\x1f{user_id}".encode(errors="backslashreplace")).digest()


def digest_of_record(org: OrgName, record_id: RecordId) -> bytes:
    """What remains of a record's id, as `digest_of_user`."""
    return sha256(f"org {org}\x1f{record_id}".encode()).digest()


def pseudonym_of(digest: bytes) -> str:
    """What stands in the place of an id in rows that are kept."""
    return f"{_PSEUDONYM}{digest.hex()[:32]}"


def pseudonym_of_event(event_id: str) -> str:
    """What stands in the place of an event's id: still the same when the event comes once more."""
    return f"{_PSEUDONYM}{sha256(event_id.encode()).hexdigest()[:32]}"
