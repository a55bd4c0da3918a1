"""The shapes of the admin API's answers, as its OpenAPI description shows them."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from crosswalk.api.console_data import SyncOverview
from crosswalk.api.identity_view import FieldView, IdentityView
from crosswalk.store.drift_checks import PastCheck
from crosswalk.store.overview import ReceivedEvent, WrittenRecord
from crosswalk.store.problems import Problem
from crosswalk.store.search import FoundIdentity

FieldAnswer: TypeAlias = str | int | float | bool | None
T = TypeVar("T")


class Answer(BaseModel):
    """Built from the hub's own types by attribute."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PageAnswer(Answer, Generic[T]):
    """A slice of a list, newest first."""

    items: list[T]
    next: Annotated[int | None, Field(description="Give this as `after` for the next page; null on the last.")]


class UsageAnswer(Answer):
    """API calls of an org in the last 24 hours, as it last said."""

    used: int
    allowed: int
    seen_at: datetime


class DriftAnswer(Answer):
    """The newest drift check of a sync."""

    finished_at: datetime
    differing: Annotated[int, Field(description="Identities whose two sides differed.")]
    repaired: Annotated[int, Field(description="Those of them that were handed to a repair.")]
    error: Annotated[str | None, Field(description="Why it came to a bad end, where it did.")]

    @classmethod
    def of(cls, check: PastCheck) -> "DriftAnswer":
        """Answer with a check that came to its end."""
        return cls(finished_at=check.finished_at, differing=check.differing, repaired=check.repaired, error=check.error)


class SyncAnswer(Answer):
    """One sync at a glance."""

    name: str
    tenant: str
    org: str
    state: Annotated[str, Field(description="`idle`, `working`, `retrying`, `needs_attention` or `paused`.")]
    linked: Annotated[int, Field(description="Identities that are linked to a record.")]
    waiting: Annotated[int, Field(description="Events that are not finished, counted to 10,000.")]
    retrying: Annotated[int, Field(description="Those of them that were tried before.")]
    oldest_waiting_s: Annotated[float | None, Field(description="Age of the oldest waiting event, seconds.")]
    lag_p50_ms: Annotated[float | None, Field(description="Received to finished, last five minutes, milliseconds.")]
    lag_p99_ms: Annotated[float | None, Field(description="As `lag_p50_ms`, for 99 of 100 events.")]
    open_problems: Annotated[dict[str, int], Field(description="Number of open problems by kind.")]
    api_usage: UsageAnswer | None
    drift: DriftAnswer | None

    @classmethod
    def of(cls, sync: SyncOverview) -> "SyncAnswer":
        """Answer with a sync's overview."""
        return cls(
            name=sync.definition.name,
            tenant=sync.definition.tenant,
            org=sync.definition.org,
            state=sync.state,
            linked=sync.linked,
            waiting=sync.load.waiting,
            retrying=sync.load.retrying,
            oldest_waiting_s=sync.load.oldest_s,
            lag_p50_ms=sync.load.lag_p50_ms,
            lag_p99_ms=sync.load.lag_p99_ms,
            open_problems=dict(sync.problems),
            api_usage=None if sync.usage is None else UsageAnswer.model_validate(sync.usage),
            drift=None if sync.checked is None else DriftAnswer.of(sync.checked),
        )


class OverviewAnswer(Answer):
    """Every sync at a glance."""

    syncs: list[SyncAnswer]


class OutcomeAnswer(Answer):
    """What one sync did about an event; `outcome` is null while it waits."""

    sync: str
    outcome: str | None
    attempts: int
    finished_at: datetime | None


class EventAnswer(Answer):
    """An event that arrived from Auth0 or Salesforce."""

    seq: int
    tenant: Annotated[str, Field(description="The tenant it came from; empty for events of an org.")]
    org: Annotated[str, Field(description="The org it came from; empty for events of a tenant.")]
    object: Annotated[str | None, Field(description="The object of the record it is about.")]
    record_id: Annotated[str | None, Field(description="The record it is about.")]
    event_id: str
    source: str
    type: str
    disposition: str
    note: Annotated[str, Field(description="For ignored events: why.")]
    user_id: str | None
    occurred_at: datetime
    received_at: datetime
    outcomes: list[OutcomeAnswer]

    @classmethod
    def of(cls, event: ReceivedEvent) -> "EventAnswer":
        """Answer with an event."""
        return cls.model_validate(event)


class FieldChangeAnswer(Answer):
    """One field of a record write."""

    id: int
    field: str
    old: FieldAnswer
    new: FieldAnswer
    reason: str
    place: Annotated[str, Field(description="Where the mapping that gave the value is written.")]


class WriteAnswer(Answer):
    """One write to one record."""

    id: int
    at: datetime
    actor: str
    sync: str
    user_id: str
    object: str
    record_id: str
    action: str
    event_seq: int | None
    event_id: str | None
    event_type: str | None
    fields: list[FieldChangeAnswer]

    @classmethod
    def of(cls, write: WrittenRecord) -> "WriteAnswer":
        """Answer with a record write."""
        return cls.model_validate(write)


class ProblemAnswer(Answer):
    """What needs a person or is being retried; `code` and `message` are the vendor's own where it has any."""

    id: int
    sync: str
    user_id: str
    kind: str
    object: str
    field: str
    code: str
    message: str
    detail: dict[str, Any] | None
    attempts: int
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, problem: Problem) -> "ProblemAnswer":
        """Answer with a problem."""
        return cls.model_validate(problem)


class FoundIdentityAnswer(Answer):
    """One identity as one sync sees it."""

    sync: str
    user_id: str
    deleted: bool
    object: str | None
    record_id: str | None
    evidence: str | None
    changed_at: datetime

    @classmethod
    def of(cls, found: FoundIdentity) -> "FoundIdentityAnswer":
        """Answer with a found identity."""
        return cls.model_validate(found)


class MappedFieldAnswer(Answer):
    """One mapped field on both sides."""

    field: str
    type: str
    owner: str
    expression: str
    place: str
    identity_value: FieldAnswer
    error: str | None
    record_value: FieldAnswer
    base: FieldAnswer
    status: Annotated[str, Field(description="`in_sync`, `differs`, `kept`, `error` or `no_record`.")]
    last_write: WriteAnswer | None

    @classmethod
    def of(cls, view: FieldView) -> "MappedFieldAnswer":
        """Answer with one field of an identity's page."""
        return cls(
            field=view.mapping.field,
            type=view.mapping.type.value,
            owner=view.mapping.owner.value,
            expression=view.mapping.expression,
            place=str(view.mapping.place),
            identity_value=view.identity_value,
            error=view.error,
            record_value=view.record_value,
            base=view.base,
            status=view.status.value,
            last_write=None if view.last_write is None else WriteAnswer.of(view.last_write),
        )


class IdentityAnswer(Answer):
    """One identity, its record, and what happened to them."""

    sync: str
    user_id: str
    deleted: bool
    profile: Annotated[JsonValue, Field(description="The user as Auth0 last gave it; null before it was read.")]
    object: str
    record_id: str | None
    evidence: Annotated[str | None, Field(description="The match rule that linked them, or `created`.")]
    fields: list[MappedFieldAnswer]
    events: list[EventAnswer]
    writes: list[WriteAnswer]
    problems: list[ProblemAnswer]

    @classmethod
    def of(cls, view: IdentityView, profile: JsonValue) -> "IdentityAnswer":
        """Answer with an identity's page."""
        return cls(
            sync=view.definition.name,
            user_id=view.user_id,
            deleted=view.identity is not None and view.identity.deleted,
            profile=profile,
            object=view.object,
            record_id=view.link.record.id if view.link else None,
            evidence=view.link.evidence if view.link else None,
            fields=[MappedFieldAnswer.of(field) for field in view.fields],
            events=[EventAnswer.of(event) for event in view.events],
            writes=[WriteAnswer.of(write) for write in view.writes],
            problems=[ProblemAnswer.of(problem) for problem in view.problems],
        )
