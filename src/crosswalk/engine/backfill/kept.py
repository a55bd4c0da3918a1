"""What was found out about a chunk while it was matched, kept until it is written: most plans hold still then.

To plan is what costs most about an identity. A plan is kept where it can be kept whole: of somebody who had no link,
whose record was found or would be made, and about whom nothing else was to be done. It holds as long as nothing came
in that it was made from: a newer state of the user, a link, a decision, a record with one of the user's keys.
"""

import operator
import zlib
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crosswalk import __version__
from crosswalk.domain.evaluation import Evaluation, MatchKey, TargetEvaluation
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import FieldError, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import RecordWrite
from crosswalk.engine.backfill.sides import AskedFor
from crosswalk.engine.planned import Planned
from crosswalk.reconcile.outlook import creates
from crosswalk.store.claims import Claim


class KeptPlan(Struct, frozen=True, array_like=True):
    """A plan of somebody without a link, with what it hangs on.

    Parameters
    ----------
    user_id, situation, target, writes, record, base, evidence, errors, settled
        As in `Plan`; everything else of it is as a plan has it by default.
    version
        The state of the user that it was made from.
    hashes
        The match keys by which records were looked for, as `key_hash` makes them.
    keys
        The keys themselves where a record would be made: they are asked for once more before it is.
    claims
        What has to be claimed before it is carried out: object, field and value.
    awaited
        What the identity waits for while it has no record.
    accounts
        The users that were linked to this one.
    """

    user_id: UserId
    situation: Situation
    target: str | None
    writes: tuple[RecordWrite, ...]
    record: Record | None
    base: Mapping[str, FieldValue]
    evidence: str
    errors: tuple[FieldError, ...]
    settled: str
    version: tuple[str, str, str]
    hashes: tuple[int, ...]
    keys: tuple[MatchKey, ...]
    claims: tuple[tuple[str, str, str], ...]
    awaited: tuple[bytes, ...]
    accounts: tuple[UserId, ...]

    @property
    def plan(self) -> Plan:
        """The plan as it was made."""
        return Plan(
            self.user_id,
            self.situation,
            self.target,
            self.writes,
            self.record,
            self.base,
            self.evidence,
            self.errors,
            settled=self.settled,
        )

    @property
    def question(self) -> Evaluation:
        """The identity as far as look-ups ask for it."""
        return Evaluation(self.user_id, False, (TargetEvaluation({}, (), self.keys),))

    def identity(self, profile: bytes) -> Identity:
        """The user in the state that the plan was made from."""
        return Identity(self.user_id, profile, StateVersion(*self.version))


class _Kept(Struct, frozen=True, array_like=True):
    """What is kept of a chunk, and by which version of Crosswalk: another one may plan otherwise.

    There is a place for each of its users, in their order.
    """

    version: str
    plans: tuple[KeptPlan | None, ...]


_NOT_KEPT = [
    each.name for each in msgspec.structs.fields(Plan) if each.name not in {"writes", *KeptPlan.__struct_fields__}
]
_rest_of = operator.attrgetter(*_NOT_KEPT)
_NOTHING = _rest_of(Plan(UserId(""), Situation.MATCHED))
"""What a plan has in all that is not kept of it."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def keep(
    read: Sequence[Identity],
    states: Sequence[Identity],
    planned: Planned,
    asked: Mapping[UserId, AskedFor],
) -> dict[UserId, KeptPlan]:
    """The plans that can be kept.

    Parameters
    ----------
    read, states
        The users as they were read, and in the newest state known, for which it was planned.
    planned
        What was planned.
    asked
        By which match keys records were looked for.
    """
    claims: dict[UserId, list[tuple[str, str, str]]] = {}
    for claim in planned.claims:
        claims.setdefault(claim.user_id, []).append((claim.object, claim.field, claim.value))
    kept: dict[UserId, KeptPlan] = {}
    for as_read, state in zip(read, states, strict=True):
        user_id = state.user_id
        plan = planned.plans.get(user_id)
        if state is not as_read or plan is None or user_id in planned.links or user_id not in asked:
            continue
        writes = plan.record_writes
        if len(writes) != len(plan.writes) or _rest_of(plan) != _NOTHING:
            continue
        kept[user_id] = KeptPlan(
            user_id,
            plan.situation,
            plan.target,
            writes,
            plan.record,
            plan.base,
            plan.evidence,
            plan.errors,
            plan.settled,
            (state.version.updated_at, state.version.observed_at, state.version.carrier),
            asked[user_id].hashes,
            asked[user_id].keys if creates(plan) else (),
            tuple(claims.get(user_id, ())),
            tuple(planned.awaited.get(user_id, ())),
            planned.accounts[user_id],
        )
    return kept


def pack_plans(users: Sequence[UserId], kept: Mapping[UserId, KeptPlan]) -> bytes:
    """The plans of a chunk's users as the chunk keeps them."""
    return zlib.compress(_encode(_Kept(__version__, tuple(map(kept.get, users)))), 1)


def unpack_plans(packed: bytes, users: int) -> Sequence[KeptPlan | None]:
    """The plans of a chunk's users, one place for each; none where another version of Crosswalk made them."""
    try:
        found = _decode(zlib.decompress(packed)) if packed else _Kept("", ())
    except msgspec.DecodeError:
        found = _Kept("", ())
    if found.version != __version__ or len(found.plans) != users:
        return [None] * users
    return found.plans


def with_kept(kept: Mapping[UserId, KeptPlan], planned: Planned) -> Planned:
    """Plans that hold, beside those that were made now."""
    return replace(
        planned,
        plans={user_id: each.plan for user_id, each in kept.items()} | dict(planned.plans),
        claims=(*(Claim(u, *claim) for u, each in kept.items() for claim in each.claims), *planned.claims),
        awaited={user_id: each.awaited for user_id, each in kept.items()} | dict(planned.awaited),
    )


def records_of(kept: Mapping[UserId, KeptPlan]) -> list[RecordId]:
    """The records that would be linked."""
    return [each.record.id for each in kept.values() if each.record is not None]
