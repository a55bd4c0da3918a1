"""The decision which record belongs to an identity, or that a person has to decide.

What a person decided goes first, then the record that carries the user's id. Without either, targets are tried in
order of preference and rules in their order. The first rule that finds anything decides: one record is the match,
several are ambiguous. A weaker rule never overrules a stronger one that was ambiguous. Only when no rule finds
anything, the keys that are not verified have a say: they never tell whose record it is, but that a new one might be its
double.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.candidate import Candidate
from crosswalk.domain.decision import CreateNew, Decided, LeaveAlone, LinkTo
from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.evaluation import Evaluation, MatchKey
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.match_rule import MatchRule
from crosswalk.domain.record import Record
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.similarity import judge
from crosswalk.matching.where import Barred

DECISION = "decision of {by}"
"""The evidence of a link that a person decided."""

BY_SIMILARITY = "{rule}, the most similar of {count}"
"""The evidence of a link with the best of several candidates."""


class Matched(Struct, frozen=True):
    """Exactly one record, free to be linked; `decided` when a person chose it."""

    target_index: int
    record: Record
    rule: str
    decided: bool = False


class NoMatch(Struct, frozen=True):
    """No rule found anything."""


class NewDecided(Struct, frozen=True):
    """A person decided that the identity gets a new record of this target, whatever the rules say."""

    target_index: int
    by: str


class Ambiguous(Struct, frozen=True):
    """A rule found several records: the candidates, the most similar first."""

    target_index: int
    rule: str
    candidates: tuple[Candidate, ...]


class AlreadyLinked(Struct, frozen=True):
    """A rule found one record, but it belongs to another identity."""

    target_index: int
    candidate: Candidate
    other_user: UserId
    rule: str


class Doubtful(Struct, frozen=True):
    """A rule found records, but none as alike as it demands: the candidates, the most similar first."""

    target_index: int
    rule: str
    candidates: tuple[Candidate, ...]


class KeyMissing(Struct, frozen=True):
    """The identity has nothing to be found by: every rule but the external id lacks its value."""


class KeyUnverified(Struct, frozen=True):
    """No rule found anything, and at least one has a value that is not verified; no record holds that either."""

    rules: tuple[str, ...]


class UnverifiedMatch(Struct, frozen=True):
    """No rule found anything, but a key that is not verified did: the candidates, the most similar first."""

    target_index: int
    rule: str
    candidates: tuple[Candidate, ...]


class LeftAlone(Struct, frozen=True):
    """A person decided that the identity gets no record."""

    by: str


_Answer: TypeAlias = tuple[int, MatchRule, tuple[Record, ...]]
"""The index of a target, a rule of it, and the records that the identity's key of this rule found."""

Resolution: TypeAlias = (
    Matched
    | NoMatch
    | Ambiguous
    | AlreadyLinked
    | Doubtful
    | KeyMissing
    | KeyUnverified
    | UnverifiedMatch
    | NewDecided
    | LeftAlone
)


class Bonds(Struct, frozen=True):
    """What is known of users who have to do with one another.

    Parameters
    ----------
    apart
        Identities that were one user with another and are not any more: that one's record is no candidate.
    free
        Pairs of an identity and another whose record it may take, because that one is gone.
    """

    apart: Mapping[UserId, UserId] = {}
    free: frozenset[tuple[UserId, UserId]] = frozenset()


class Scene(Struct, frozen=True):
    """Everything that a resolution looks at beside the identity.

    Parameters
    ----------
    definition
        The sync.
    candidates
        The records that were found.
    owners
        The identities that records are linked to already.
    barred
        The pairs that a rule's condition on the record keeps apart.
    decisions
        What people decided.
    bonds
        What is known of users who have to do with one another.
    """

    definition: SyncDefinition
    candidates: Candidates
    owners: Mapping[RecordId, UserId] = {}
    barred: Barred = frozenset()
    decisions: Mapping[UserId, Decided] = {}
    bonds: Bonds = Bonds()


def resolve(evaluation: Evaluation, scene: Scene) -> Resolution:
    """Find the record of an identity that is not linked yet; the order in which records were found does not matter."""
    decided = scene.decisions.get(evaluation.user_id)
    if decided is not None:
        resolution = _as_decided(evaluation, scene, decided)
        if resolution is not None:
            return resolution
    answers = _answers(evaluation, scene, verified=True)
    return (
        _by_own_id(evaluation, scene, answers)
        or _by_verified_keys(evaluation, scene, answers)
        or _by_unverified_keys(evaluation, scene)
        or _without_match(evaluation, scene.definition)
    )


def _as_decided(evaluation: Evaluation, scene: Scene, decided: Decided) -> Resolution | None:
    """What a person decided; `None` where that cannot be done any more, so that the rules decide again."""
    indexes = {target.object: index for index, target in enumerate(scene.definition.targets)}
    match decided.choice:
        case LeaveAlone():
            return LeftAlone(decided.by)
        case CreateNew(object_):
            return NewDecided(indexes[object_], decided.by) if object_ in indexes else None
        case LinkTo(object_, record_id):
            record = scene.candidates.named(record_id)
            if record is None or object_ not in indexes:
                return None
            rule = DECISION.format(by=decided.by)
            return _claim(evaluation, scene, indexes[object_], rule, record, decided=True)


def _by_own_id(evaluation: Evaluation, scene: Scene, answers: Sequence[_Answer]) -> Resolution | None:
    """The record that names the user already, whatever other rules of targets before its own find.

    The hub may have made it and not have come to remember it; linking another would leave the user with two.
    """
    for index, rule, records in answers:
        field = scene.definition.targets[index].external_id_field
        for record in records:
            if record.fields.get(field) == evaluation.user_id:
                return _claim(evaluation, scene, index, rule.name, record)
    return None


def _by_verified_keys(evaluation: Evaluation, scene: Scene, answers: Sequence[_Answer]) -> Resolution | None:
    doubtful: Doubtful | None = None
    for index, rule, found in answers:
        records = found
        if rule.least_similarity is not None:
            judged = _judged(evaluation, scene, index, found)
            records = tuple(each.record for each in judged if each.score >= rule.least_similarity)
            if not records:
                # The key alone says too little, so it does not keep a later rule from finding the right record.
                doubtful = doubtful or Doubtful(index, rule.name, judged)
        if len(records) > 1:
            return _among(evaluation, scene, index, rule.name, records)
        if records:
            return _claim(evaluation, scene, index, rule.name, records[0])
    return doubtful


def _by_unverified_keys(evaluation: Evaluation, scene: Scene) -> Resolution | None:
    for index, rule, records in _answers(evaluation, scene, verified=False):
        return UnverifiedMatch(index, rule.name, _judged(evaluation, scene, index, records))
    return None


def _answers(evaluation: Evaluation, scene: Scene, *, verified: bool) -> list[_Answer]:
    """What the identity's keys found, those in order of preference that found anything."""
    targets, user_id = scene.definition.targets, evaluation.user_id
    return [
        (index, rule, records)
        for index, rule, key in _keys(evaluation, scene.definition, verified=verified)
        if (records := _found(key, targets[index], user_id, scene))
    ]


def _keys(
    evaluation: Evaluation, definition: SyncDefinition, *, verified: bool
) -> Iterator[tuple[int, MatchRule, MatchKey]]:
    """The identity's keys in order of preference, each with its rule and the index of its target."""
    for index, (target, each) in enumerate(zip(definition.targets, evaluation.targets, strict=True)):
        for rule, key in zip(target.match, each.keys, strict=True):
            if key is not None and key.verified is verified:
                yield index, rule, key


def _without_match(evaluation: Evaluation, definition: SyncDefinition) -> Resolution:
    unverified = tuple(dict.fromkeys(rule.name for _, rule, _ in _keys(evaluation, definition, verified=False)))
    if unverified:
        return KeyUnverified(unverified)
    personal = [
        key
        for target, each in zip(definition.targets, evaluation.targets, strict=True)
        for rule, key in zip(target.match, each.keys, strict=True)
        if rule.fields != (target.external_id_field,)
    ]
    if personal and not any(personal):
        return KeyMissing()
    return NoMatch()


def _found(key: MatchKey, target: Target, user_id: UserId, scene: Scene) -> tuple[Record, ...]:
    records = scene.candidates.get(key)
    if not records:
        return records
    if len(records) == 1 and not scene.barred and not scene.bonds.apart:
        return records
    if scene.barred:
        named = (user_id, key.object, key.rule)
        records = tuple([record for record in records if (*named, record.id) not in scene.barred])
    other = scene.bonds.apart.get(user_id)
    if other is not None:
        records = tuple(record for record in records if _owner(record, target, user_id, scene) != other)
    # Letter by letter: user ids differ by case (`auth0|A`, `auth0|a`), which Salesforce's comparison does not see.
    own = tuple([record for record in records if record.fields.get(target.external_id_field) == user_id])
    return own or records


def _among(
    evaluation: Evaluation, scene: Scene, index: int, rule: str, records: tuple[Record, ...]
) -> Matched | Ambiguous:
    """The best of several, where it stands out as far as the sync wants it to; otherwise a person decides."""
    judged = _judged(evaluation, scene, index, records)
    automatic = scene.definition.automatic_link
    best, second = judged[:2]
    if (
        automatic is not None
        and best.linked_to is None
        and best.score >= automatic.score
        and best.score - second.score >= automatic.margin
    ):
        return Matched(index, best.record, BY_SIMILARITY.format(rule=rule, count=len(judged)))
    return Ambiguous(index, rule, judged)


def _judged(evaluation: Evaluation, scene: Scene, index: int, records: tuple[Record, ...]) -> tuple[Candidate, ...]:
    target, evaluated = scene.definition.targets[index], evaluation.targets[index]
    judged = [judge(target, evaluated, each, _owner(each, target, evaluation.user_id, scene)) for each in records]
    return tuple(sorted(judged, key=lambda each: (-each.score, each.record.id)))


def _claim(
    evaluation: Evaluation, scene: Scene, index: int, rule: str, record: Record, *, decided: bool = False
) -> Matched | AlreadyLinked:
    other = _owner(record, scene.definition.targets[index], evaluation.user_id, scene)
    if other is None:
        return Matched(index, record, rule, decided)
    return taken(evaluation, scene, Matched(index, record, rule, decided), other)


def taken(evaluation: Evaluation, scene: Scene, matched: Matched, other: UserId) -> AlreadyLinked:
    """The same match, when the record is another identity's."""
    index = matched.target_index
    candidate = judge(scene.definition.targets[index], evaluation.targets[index], matched.record, other)
    return AlreadyLinked(index, candidate, other, matched.rule)


def _owner(record: Record, target: Target, user_id: UserId, scene: Scene) -> UserId | None:
    """Whose record it is already, by the links or by what its external-id field says; `None` when it is free."""
    written = record.fields.get(target.external_id_field)
    owner = scene.owners.get(record.id) or (UserId(written) if isinstance(written, str) and written else None)
    return None if owner == user_id or (owner is not None and (user_id, owner) in scene.bonds.free) else owner
