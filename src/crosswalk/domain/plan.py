"""What reconcile decided for one identity: writes, each with its reason, and what went wrong on the way."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.candidate import Candidate
from crosswalk.domain.effect import EffectStep
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import EndedLink, Standing
from crosswalk.domain.place import Place
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import FieldsWrite, RecordWrite, UserWrite


class FieldConflict(Struct, frozen=True):
    """A field whose two sides differ and that only a person may settle."""

    field: str
    identity_value: FieldValue
    record_value: FieldValue
    place: Place


class FieldError(Struct, frozen=True):
    """A mapped field whose value could not be computed; the rest of the record proceeds without it."""

    user_id: UserId
    object: str
    field: str
    place: Place
    message: str


class Situation(StrEnum):
    """How an identity stands to the records of the org."""

    LINKED = "linked"
    MATCHED = "matched"
    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    ALREADY_LINKED = "already_linked"
    DOUBTFUL = "doubtful"
    KEY_MISSING = "key_missing"
    KEY_UNVERIFIED = "key_unverified"
    UNVERIFIED_MATCH = "unverified_match"
    LEFT_ALONE = "left_alone"
    DELETED = "deleted"
    FILTERED = "filtered"
    FOLLOWED = "followed"
    """The record became another, by a conversion or a merge, or was taken over from another user."""
    CONVERTED = "converted"
    """The record is a converted lead, and what it became is no target of the sync."""
    RECORD_DELETED = "record_deleted"
    """Somebody deleted the record."""
    USERS_LINKED = "users_linked"
    """The user became an account of another one."""
    REPLACED = "replaced"
    """The user is gone, and another user of the same person has the record now."""


class Conflict(Struct, frozen=True):
    """A match that the rules cannot decide, with the candidates as evidence; a person has to.

    The candidates stand with the most similar first; there are none where nothing was found.
    """

    situation: Situation
    rule: str
    candidates: tuple[Candidate, ...]
    message: str


class Plan(Struct, frozen=True):
    """What has to happen for one identity so that both sides agree.

    Parameters
    ----------
    user_id, situation
        Whose plan, and how the identity stands to the org's records.
    target
        The Salesforce object that the identity's record belongs to, where one is decided.
    writes
        Minimal: empty when the two sides agree already.
    record
        The record before the writes, where there is one.
    base
        What both sides agree on once the writes are done.
    evidence
        Why identity and record are linked: the match rule's name or `created`.
    errors, conflict, disputed
        Fields without a value, a match that needs a person, and fields that do.
    waits_for
        Where the identity waits instead of getting a record: what for, in a sentence.
    in_the_way
        Where it waits, the records that were found: a change of one of them may be what it waits for.
    effects, episode
        What flows want to be done or undone for the identity, and the number of the present episode.
    unfinished
        Whether there will be more to do once this is done.
    settled
        The digest of the identity with which nothing will be left to do once this is done; `""` where that is unsure.
    quarantined
        Fields that are left alone because somebody else keeps writing them back.
    decided_by
        Who decided which record is the identity's, where that is what the plan carries out.
    standing
        How the record was found.
    ends
        Links that end once the writes are done: the identity's own, or one of a user whose record it takes over.
    wakes
        Other identities that have to be looked at because of this one.
    unbooked
        What an earlier attempt wrote to the record that nobody lived to book.
    """

    user_id: UserId
    situation: Situation
    target: str | None = None
    writes: tuple[FieldsWrite, ...] = ()
    record: Record | None = None
    base: Mapping[str, FieldValue] = {}
    evidence: str = ""
    errors: tuple[FieldError, ...] = ()
    conflict: Conflict | None = None
    disputed: tuple[FieldConflict, ...] = ()
    waits_for: str = ""
    in_the_way: tuple[RecordId, ...] = ()
    effects: tuple[EffectStep, ...] = ()
    episode: int = 0
    unfinished: bool = False
    settled: str = ""
    quarantined: tuple[Quarantine, ...] = ()
    decided_by: str = ""
    standing: Standing = Standing.LIVE
    ends: tuple[EndedLink, ...] = ()
    wakes: tuple[UserId, ...] = ()
    unbooked: tuple[RecordWrite, ...] = ()

    @property
    def record_writes(self) -> tuple[RecordWrite, ...]:
        """The writes to Salesforce."""
        return tuple([write for write in self.writes if isinstance(write, RecordWrite)])

    @property
    def user_writes(self) -> tuple[UserWrite, ...]:
        """The writes to Auth0."""
        return tuple([write for write in self.writes if isinstance(write, UserWrite)])
