"""The decision which record belongs to an identity, or that a person has to decide.

Targets are tried in order of preference and rules in their order. The first rule that finds anything decides: one
record is the match, several are ambiguous. A weaker rule never overrules a stronger one that was ambiguous.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.evaluation import Evaluation, MatchKey
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.matching.candidates import Candidates


class Matched(Struct, frozen=True):
    """Exactly one record, free to be linked."""

    target_index: int
    record: Record
    rule: str


class NoMatch(Struct, frozen=True):
    """No rule found anything; `target_index_to_create` is the first target that may be created, if there is one."""

    target_index_to_create: int | None


class Ambiguous(Struct, frozen=True):
    """A rule found several records."""

    target_index: int
    rule: str
    records: tuple[Record, ...]


class AlreadyLinked(Struct, frozen=True):
    """A rule found one record, but it belongs to another identity."""

    target_index: int
    record: Record
    other_user: UserId
    rule: str


Resolution: TypeAlias = Matched | NoMatch | Ambiguous | AlreadyLinked


def resolve(
    evaluation: Evaluation,
    definition: SyncDefinition,
    candidates: Candidates,
    owners: Mapping[RecordId, UserId],
) -> Resolution:
    """Find the record of an identity that is not linked yet.

    Parameters
    ----------
    owners
        The identities that records are linked to already.
    """
    for index, (target, evaluated) in enumerate(zip(definition.targets, evaluation.targets, strict=True)):
        for key in evaluated.keys:
            if key is None:
                continue
            records = _found(key, target, candidates)
            if len(records) > 1:
                return Ambiguous(index, key.rule, records)
            if records:
                return _claim(index, key.rule, records[0], target, evaluation.user_id, owners)
    creatable = (index for index, target in enumerate(definition.targets) if target.create)
    return NoMatch(next(creatable, None))


def _found(key: MatchKey, target: Target, candidates: Candidates) -> tuple[Record, ...]:
    records = candidates.get(key.object, key.field, key.normal)
    if key.field == target.external_id_field:
        # User ids differ by case (`auth0|A`, `auth0|a`), which Salesforce's comparison does not see.
        exact = tuple(record for record in records if record.fields.get(key.field) == key.value)
        return exact or records
    return records


def _claim(
    index: int, rule: str, record: Record, target: Target, user_id: UserId, owners: Mapping[RecordId, UserId]
) -> Matched | AlreadyLinked:
    written = record.fields.get(target.external_id_field)
    other = owners.get(record.id) or (UserId(written) if isinstance(written, str) and written else user_id)
    if other != user_id:
        return AlreadyLinked(index, record, other, rule)
    return Matched(index, record, rule)
