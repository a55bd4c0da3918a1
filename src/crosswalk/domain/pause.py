"""A pause: what stands still until somebody puts something right, and what that is."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.definition import SyncDefinition


class PauseKind(StrEnum):
    """What pauses."""

    TENANT = "tenant"
    ORG = "org"
    SYNC = "sync"
    FLOW = "flow"
    """One flow of a sync, named `SYNC/FLOW`; the rest of the sync goes on."""


class Cause(Struct, frozen=True):
    """Why something pauses: the code, the object whose records cannot be written (where it is one), and the words."""

    code: str
    object: str
    message: str


class Pause(Struct, frozen=True):
    """Something that stands still, or did.

    Parameters
    ----------
    kind, name
        What: a tenant, an org or a sync by its configured name, or a flow as `SYNC/FLOW`.
    code, object, message
        Why.
    since
        When it began.
    probe_at, probes
        When it is looked next whether it is over, and how often that was done.
    ended_at, ended_by
        When it ended, and who ended it: a person, or `PROBE`.
    tried_with
        What tells the credentials that were refused from others; empty where it was not about credentials.
    is_due
        Whether it was time to look when this was read.
    """

    id: int
    kind: PauseKind
    name: str
    code: str
    object: str
    message: str
    since: datetime
    probe_at: datetime
    probes: int
    ended_at: datetime | None = None
    ended_by: str | None = None
    tried_with: tuple[str, ...] = ()
    is_due: bool = False


PROBE = "probe"
"""Ended a pause because a careful look showed that it is over."""


class Misconfigured(Struct, frozen=True):
    """One identity's write, or look-up, was refused because of the configuration.

    Parameters
    ----------
    flow
        The flow whose step it was; empty where it was the sync's own.
    object
        The object that was to be written; empty for a look-up, and for a step.
    code, message
        The vendor's.
    of_all
        Whether it concerns all records of the kind; otherwise it may be this one only.
    """

    flow: str
    object: str
    code: str
    message: str
    of_all: bool


def stops(pause: Pause, definition: SyncDefinition) -> bool:
    """Whether nothing of a sync is worked on because of a pause: it is the sync's own, its tenant's or its org's."""
    stopping = {
        (PauseKind.SYNC, definition.name),
        (PauseKind.TENANT, definition.tenant),
        (PauseKind.ORG, definition.org),
    }
    return (pause.kind, pause.name) in stopping
