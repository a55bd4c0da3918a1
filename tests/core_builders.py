"""Builders for tests of the pure core: each thing with everything in it that the test does not care about."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.evaluation import Evaluation, TargetEvaluation
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.match_rule import AutomaticLink, MatchPart, MatchRule, Normalisation, Reactions
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.reconcile.compiled import CompiledSync

EXTERNAL_ID = "Auth0_User_Id__c"
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def a_place(line: int = 1) -> Place:
    return Place("mapping.yaml", line)


def a_field(
    field: str,
    expression: str = "user.value",
    owner: Owner = Owner.AUTH0,
    type_: ValueType = ValueType.TEXT,
    line: int = 1,
    to: tuple[str, ...] | None = None,
    back: str | None = None,
) -> FieldMap:
    return FieldMap(field, expression, owner, type_, a_place(line), to, back)


def a_rule(
    name: str,
    field: str | tuple[str, ...],
    expression: str,
    type_: ValueType = ValueType.TEXT,
    condition: str | None = None,
    line: int = 50,
    normalisation: Normalisation = Normalisation(),  # noqa: B008  frozen
    where: str | None = None,
    least_similarity: float | None = None,
) -> MatchRule:
    """A rule that compares one value with one field, or with any of several."""
    fields = (field,) if isinstance(field, str) else field
    part = MatchPart(fields, expression, type_, normalisation)
    return MatchRule(name, (part,), a_place(line), condition, where, least_similarity)


BY_ID = a_rule("external_id", EXTERNAL_ID, "user.user_id")
BY_EMAIL = a_rule("email", "Email", "user.email", ValueType.EMAIL, "user.email_verified", line=51)


def a_target(
    *fields: FieldMap, object_: str = "Contact", create: bool = True, match: tuple[MatchRule, ...] = (BY_ID, BY_EMAIL)
) -> Target:
    return Target(object_, create, EXTERNAL_ID, fields, match, a_place(90))


def a_sync(
    *targets: Target,
    filter_: str | None = None,
    reactions: Reactions = Reactions(),  # noqa: B008  frozen
    automatic_link: AutomaticLink | None = None,
) -> SyncDefinition:
    return SyncDefinition(
        SyncName("shop"),
        TenantName("tenant"),
        OrgName("org"),
        targets,
        filter_,
        None if filter_ is None else a_place(99),
        1,
        150,
        reactions,
        automatic_link,
    )


def an_identity(user_id: str = "auth0|ada", **profile: object) -> Identity:
    user = {"user_id": user_id, **profile}
    return an_identity_of(json.dumps(user).encode(), user_id)


def an_identity_of(profile: bytes, user_id: str = "auth0|ada") -> Identity:
    at = StateVersion("2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:05.000000Z")
    return Identity(UserId(user_id), profile, at)


def a_record(id_: str = "0030000000000001AAA", object_: str = "Contact", **fields: FieldValue) -> Record:
    return Record(object_, RecordId(id_), fields)


def a_link(record: Record, base: Mapping[str, FieldValue], user_id: str = "auth0|ada", evidence: str = "email") -> Link:
    return Link(UserId(user_id), record, base, evidence)


def evaluate_one(sync: CompiledSync, identity: Identity) -> Evaluation:
    (evaluation,) = sync.evaluate([identity])
    return evaluation


def evaluate_target(expression: str, type_: ValueType = ValueType.TEXT, **profile: object) -> TargetEvaluation:
    """What one mapped field `F` gives for one user."""
    sync = CompiledSync(a_sync(a_target(a_field("F", expression, type_=type_))))
    return evaluate_one(sync, an_identity(**profile)).targets[0]
