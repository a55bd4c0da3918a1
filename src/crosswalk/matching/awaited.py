"""What an identity without a record waits for: the keys, and the records in its way, by which it is found again.

A record that comes to have such a key, or that stood in the way and changed, concerns whoever waits. Only equality is
ever asked, so a key is remembered as a digest: of one size however long the value, and no further copy of somebody's
address or number.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from crosswalk.domain.definition import Target
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import CONVERTED_FIELD, Record
from crosswalk.matching.keys import CompiledRule
from crosswalk.matching.where import fields_of_record

DIGEST_BYTES = 16

_BY_ID = "Id"


def awaited_by(rules: Sequence[Sequence[CompiledRule]], evaluations: Iterable[Evaluation]) -> dict[UserId, set[bytes]]:
    """For each identity the digests of the keys that it has, verified or not; none for those that are filtered.

    The external id is no such key: a record that carries it names its user by itself.

    Parameters
    ----------
    rules
        The compiled rules of each target.
    evaluations
        The identities without a record.
    """
    return {
        evaluation.user_id: {
            _digest(key.object, key.field, key.normal)
            for target, compiled in zip(evaluation.targets, rules, strict=True)
            for key, rule in zip(target.keys, compiled, strict=True)
            if key is not None and not evaluation.filtered and not rule.by_external_id
        }
        for evaluation in evaluations
    }


def offered_by(rules: Sequence[CompiledRule], record: Record) -> set[bytes]:
    """The digests of all keys that a record answers, and of its own id; `rules` are those of its object."""
    keys = {
        _digest(record.object, rule.searched, normal)
        for rule in rules
        if not rule.by_external_id
        for normal in rule.keys_of(record)
    }
    return keys | {in_the_way(record.id)}


def in_the_way(record_id: RecordId) -> bytes:
    """The digest of a record that was found, but is not the identity's: another's, or one of several."""
    return _digest("", _BY_ID, record_id)


def judged_fields(target: Target) -> frozenset[str]:
    """The fields of a record that have a say in whose it is, but for the external id."""
    names = {CONVERTED_FIELD}
    for rule in target.match:
        names |= {*rule.fields, *fields_of_record(rule.where or "")}
    return frozenset(names - {target.external_id_field})


def stirred_by(
    rules: Mapping[str, Sequence[CompiledRule]],
    judged: Mapping[str, frozenset[str]],
    before: Record | None,
    after: Record | None,
) -> set[bytes]:
    """The digests of what somebody may wait for in a record that was linked, let go, or changed while it was linked.

    Whoever found a record in the way waits for the record itself, so only one that changed has to say its keys: those
    that it has now, and those that it gave up, for who was about to look for them. A new record is nobody else's.

    Parameters
    ----------
    rules, judged
        Object → its compiled rules, and its `judged_fields`.
    before, after
        The record that an identity was linked to, and the one that it is linked to now.
    """
    if before is None or after is None or before.id != after.id:
        return {in_the_way(record.id) for record in (before, after) if record is not None}
    names = judged.get(after.object, frozenset())
    if all(before.fields.get(name) == after.fields.get(name) for name in names):
        return set()
    return {key for record in (before, after) for key in offered_by(rules.get(record.object, ()), record)}


def _digest(object_name: str, searched: str, normal: str) -> bytes:
    text = "\x1f".join((object_name, searched, normal))
    return blake2b(text.encode(errors="backslashreplace"), digest_size=DIGEST_BYTES).digest()
