"""A sync as its owner defined it: targets, field maps and match rules. Built from YAML by `crosswalk.config`."""

from msgspec import Struct

from crosswalk.domain.erasure import ErasurePolicy
from crosswalk.domain.flow import Flows
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.domain.life import RecordDeleted, UsersLinked
from crosswalk.domain.match_rule import AutomaticLink, MatchRule, Reactions
from crosswalk.domain.place import Place
from crosswalk.domain.quarantine import LoopLimits
from crosswalk.domain.threshold import Thresholds
from crosswalk.domain.values import Owner, ValueType


class FieldMap(Struct, frozen=True):
    """One Salesforce field: the JavaScript expression that gives its value, its type, who owns it, and the way back."""

    field: str
    expression: str
    owner: Owner
    type: ValueType
    place: Place
    to: tuple[str, ...] | None = None
    """Where in the user the record's value goes: the names from the root, `("app_metadata", "tier")`."""
    back: str | None = None
    """The expression over `value` and `record` that turns the record's value into the user's; `None` takes it as is."""


class Target(Struct, frozen=True):
    """A Salesforce object that identities may be linked to, with its mappings."""

    object: str
    create: bool
    """Whether an identity without any match gets a new record of this object."""
    external_id_field: str
    """The unique external-id field that holds the Auth0 user id."""
    fields: tuple[FieldMap, ...]
    match: tuple[MatchRule, ...]
    place: Place


class SyncDefinition(Struct, frozen=True):
    """One tenant-org pair. Targets stand in order of preference: the first that has a match gets the link."""

    name: SyncName
    tenant: TenantName
    org: OrgName
    targets: tuple[Target, ...]
    filter: str | None
    """An expression; identities for which it is not true are left alone."""
    filter_place: Place | None
    lanes: int
    """Into how many slices the identities are split, each reconciled by one worker at a time."""
    linger_ms: int
    """How long the first change of a batch waits for others when little happens, milliseconds."""
    reactions: Reactions = Reactions()
    """What is done in each situation in which an identity without a link can be."""
    automatic_link: AutomaticLink | None = None
    """When the best of several candidates is linked without asking anybody; `None` asks always."""
    flows: Flows = Flows()
    loops: LoopLimits = LoopLimits()
    """When a field is left alone that somebody else keeps writing back."""
    on_record_deleted: RecordDeleted = RecordDeleted.UNLINK
    """What is done when somebody deletes an identity's record in Salesforce."""
    on_erasure: ErasurePolicy = ErasurePolicy()
    """What is done with the record of a person who is erased."""
    on_users_linked: UsersLinked = UsersLinked.MERGE_TASK
    """What is done with the record of a user who became an account of another."""
    thresholds: Thresholds = Thresholds()
    """How much may be written within a while before a person is asked."""
    longest_linger_ms: int = 0
    """The longest that a change waits for others, milliseconds; no less than `linger_ms` where it is less."""
