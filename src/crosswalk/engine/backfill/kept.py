"""What was found out about a chunk while it was matched, kept until it is written: most plans hold still then.

To plan is what costs most about an identity. A plan is kept where it can be kept whole: of somebody who had no link,
whose record was found or would be made, and about whom nothing else was to be done. It holds as long as nothing came
in that it was made from: a newer state of the user, a link, a decision, a record with one of the user's keys.
"""

import operator
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import GenericAlias
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, replace

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


class KeptPlan(Struct, frozen=True):
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
    """What is kept of a chunk.

    Parameters
    ----------
    made_by
        The version of Crosswalk, and of this form: another one may plan, or write it down, otherwise.
    users
        How many users the chunk has.
    places
        Which of them have a plan, in the order of the columns.
    columns, digests
        What the plans say, a list for each of their fields: alike stands beside alike, which takes less time to write,
        compress and read than plan by plan, and less room. Digests are apart, for nothing makes them smaller.
    """

    made_by: str
    users: int
    places: list[int]
    columns: bytes
    digests: bytes


_FORM = 2
_MADE_BY = f"{__version__}/{_FORM}"

_NOT_KEPT = [
    each.name for each in msgspec.structs.fields(Plan) if each.name not in {"writes", *KeptPlan.__struct_fields__}
]
_rest_of = operator.attrgetter(*_NOT_KEPT)
_NOTHING = _rest_of(Plan(UserId(""), Situation.MATCHED))
"""What a plan has in all that is not kept of it."""

_FIELDS = msgspec.structs.fields(KeptPlan)
_DIGESTS = [place for place, each in enumerate(_FIELDS) if each.name in {"hashes", "awaited"}]
_OTHERS = [place for place in range(len(_FIELDS)) if place not in _DIGESTS]


def _decoder(places: Sequence[int]) -> Callable[[bytes], Sequence[Sequence[Any]]]:
    """Reads and checks these columns of plans."""
    # GenericAlias, because mypy takes what stands between brackets for a type that it can know beforehand.
    types = [(_FIELDS[place].name, GenericAlias(list, (_FIELDS[place].type,))) for place in places]
    decode = msgspec.msgpack.Decoder(msgspec.defstruct("Columns", types, array_like=True)).decode
    return lambda packed: astuple(decode(packed))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode
_decode_digests, _decode_others = _decoder(_DIGESTS), _decoder(_OTHERS)


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
    places = [place for place, user_id in enumerate(users) if user_id in kept]
    columns = list(zip(*[astuple(kept[users[place]]) for place in places], strict=True)) or [()] * len(_FIELDS)
    others = zlib.compress(_encode([columns[each] for each in _OTHERS]), 1)
    made = _Kept(_MADE_BY, len(users), places, others, _encode([columns[each] for each in _DIGESTS]))
    return zlib.compress(_encode(made), 0)  # not to be smaller: workers of versions before look into such a frame


def unpack_plans(packed: bytes, users: int) -> Sequence[KeptPlan | None]:
    """The plans of a chunk's users, one place for each; none where another version of Crosswalk made them."""
    plans: list[KeptPlan | None] = [None] * users
    with suppress(msgspec.DecodeError):
        found = _decode(zlib.decompress(packed) if packed else b"")
        if found.made_by == _MADE_BY and found.users == users:
            for place, plan in zip(found.places, _plans(found), strict=True):
                plans[place] = plan
    return plans


def _plans(found: _Kept) -> list[KeptPlan]:
    others, digests = _decode_others(zlib.decompress(found.columns)), _decode_digests(found.digests)
    columns = dict(zip([*_OTHERS, *_DIGESTS], [*others, *digests], strict=True))
    return list(map(KeptPlan, *(columns[place] for place in range(len(_FIELDS)))))


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
