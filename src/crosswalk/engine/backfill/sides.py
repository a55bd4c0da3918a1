"""The two sides as a back-fill read them: plans for everybody are made without a call for anybody.

Whatever the reading cannot answer is asked of the vendors: a linked record that was not among those read, or a user
that nobody exported.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from crosswalk.connectors.base import ReadsUsers
from crosswalk.domain.backfill import key_hash
from crosswalk.domain.decision import Decided, LinkTo
from crosswalk.domain.evaluation import Evaluation, MatchKey
from crosswalk.domain.fate import Alive, Fate
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.record import Record
from crosswalk.engine.backfill.reading import lists_of
from crosswalk.engine.following import Org
from crosswalk.matching.look_ups import BY_ID, LookUpName
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.store import backfills
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.database import Database

_values = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode

_THERE = StateVersion("", "")


class AskedFor(Struct, frozen=True):
    """By which match keys records of an identity were looked for, and each key as `key_hash` makes it."""

    keys: tuple[MatchKey, ...]
    hashes: tuple[int, ...]


class ReadOrg:
    """The records as they were read.

    Parameters
    ----------
    database, side
        Where they are.
    compiled
        The sync, whose rules say by which keys records are found.
    org
        Who answers what the reading cannot.
    """

    def __init__(self, database: Database, side: BackfillSide, compiled: CompiledSync, org: Org) -> None:
        self._database = database
        self._side = side
        self._lists = lists_of(compiled.rules)
        self._names = {number: name for name, (number, _) in self._lists.items()}
        self._org = org
        self._asked: dict[UserId, AskedFor] = {}

    def asked_for(self, users: Sequence[UserId]) -> dict[UserId, AskedFor]:
        """By which keys records of these users were looked for, once; users for whom none were are absent."""
        return {user_id: self._asked.pop(user_id) for user_id in users if user_id in self._asked}

    async def candidates(
        self, evaluations: Sequence[Evaluation], decisions: Mapping[UserId, Decided]
    ) -> dict[LookUpName, list[Record]]:
        """The records that may belong to these identities, by the same keys as the org would be asked for."""
        asked = {evaluation.user_id: _asked_for(evaluation) for evaluation in evaluations}
        self._asked |= asked
        wanted = {
            (self._lists[key.object, key.field][0], hash_)
            for each in asked.values()
            for key, hash_ in zip(each.keys, each.hashes, strict=True)
        }
        decided = (decisions.get(evaluation.user_id) for evaluation in evaluations)
        named = [each.choice.record_id for each in decided if each is not None and isinstance(each.choice, LinkTo)]
        async with self._database.transaction() as connection:
            places = await self._side.find(connection, wanted)
            ids = {record_id for _, record_id in places}.union(named)
            rows = await self._side.by_id(connection, sorted(ids)) if ids else []
        records = {id_: Record(object_name, RecordId(id_), _values(fields)) for object_name, id_, fields in rows}
        found: dict[LookUpName, list[Record]] = {}
        for number, record_id in sorted(places):
            found.setdefault(self._names[number], []).append(records[record_id])
        for record_id in named:
            if (record := records.get(record_id)) is not None:
                found.setdefault((record.object, BY_ID), []).append(record)
        return found

    async def records(self, ids: Sequence[str]) -> dict[RecordId, Record]:
        """These records, as far as they were read, and the hub knows nothing newer."""
        if not ids:
            return {}
        async with self._database.transaction() as connection:
            newer = await backfills.newer_here(connection, self._side.number, ids)
            wanted = [each for each in ids if each not in newer]
            rows = await self._side.by_id(connection, wanted) if wanted else []
        return {RecordId(id_): Record(object_name, RecordId(id_), _values(fields)) for object_name, id_, fields in rows}

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        """As the org does; it is asked, for what is wanted here was not read."""
        return await self._org.find_candidates(object_name, fields, key_field, values)

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        """As the org does; it is asked."""
        return await self._org.look_up(look_ups) if look_ups else []

    async def find_fates(
        self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
    ) -> dict[RecordId, Fate]:
        """Records that were read are there; of others, the org tells what became of them."""
        known = await self.records(ids)
        rest = [each for each in ids if each not in known]
        asked = await self._org.find_fates(object_name, fields, rest) if rest else {}
        return {**asked, **{record_id: Alive(record) for record_id, record in known.items()}}


def _asked_for(evaluation: Evaluation) -> AskedFor:
    if evaluation.filtered:
        return AskedFor((), ())
    keys = tuple([key for target in evaluation.targets for key in target.keys if key is not None])
    return AskedFor(keys, tuple([key_hash(key.normal) for key in keys]))


class ReadTenant(ReadsUsers):
    """Tells which users there are: those that were exported.

    Parameters
    ----------
    database, side
        Where they are.
    tenant
        Who knows of others.
    """

    def __init__(self, database: Database, side: BackfillSide, tenant: ReadsUsers) -> None:
        self._database = database
        self._side = side
        self._tenant = tenant

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        """Users that were exported are there, which is all that is told of them; others are asked for."""
        if not user_ids:
            return {}
        async with self._database.transaction() as connection:
            known = await self._side.known_users(connection, user_ids)
        rest = [user_id for user_id in user_ids if user_id not in known]
        asked = await self._tenant.read_users(rest) if rest else {}
        return {**asked, **{user_id: Identity(user_id, b"{}", _THERE) for user_id in known}}

    def list_users(self, query: str | None = None) -> AsyncIterator[Identity]:
        """As the tenant does."""
        return self._tenant.list_users(query)

    async def find_users_by_email(self, email: str) -> list[Identity]:
        """As the tenant does."""
        return await self._tenant.find_users_by_email(email)
