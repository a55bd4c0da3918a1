"""An identity among records: what the look-ups would have found, and how it is resolved and planned."""

from collections.abc import Mapping, Sequence

from crosswalk.domain.decision import Decided
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.record import Record
from crosswalk.matching.batch import resolve_all
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.look_ups import BY_ID, LookUpName
from crosswalk.matching.resolution import Resolution, Scene
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.unlinked import plan_all_unlinked


def found_by_everything(sync: CompiledSync, records: Sequence[Record]) -> dict[LookUpName, list[Record]]:
    """As if every look-up had brought every record of its object: comparing is the core's own work."""
    names = {(rule.sobject, rule.searched) for rules in sync.rules for rule in rules}
    names |= {(record.object, BY_ID) for record in records}
    return {name: [record for record in records if record.object == name[0]] for name in names}


def resolve_batch(
    definition: SyncDefinition,
    identities: Sequence[Identity],
    records: Sequence[Record],
    owners: Mapping[RecordId, UserId] | None = None,
    decisions: Mapping[UserId, Decided] | None = None,
) -> dict[UserId, Resolution]:
    sync = CompiledSync(definition, default_region="US")
    evaluations = sync.evaluate(identities)
    candidates = Candidates.of(sync.rules, found_by_everything(sync, records))
    barred = sync.where.check(evaluations, candidates).barred
    return resolve_all(evaluations, Scene(definition, candidates, owners or {}, barred, decisions or {}))


def resolve_one(
    definition: SyncDefinition,
    identity: Identity,
    *records: Record,
    owners: Mapping[RecordId, UserId] | None = None,
    decided: Decided | None = None,
) -> Resolution:
    decisions = {} if decided is None else {identity.user_id: decided}
    return resolve_batch(definition, [identity], records, owners, decisions)[identity.user_id]


def plan_one(
    definition: SyncDefinition,
    identity: Identity,
    *records: Record,
    owners: Mapping[RecordId, UserId] | None = None,
    decided: Decided | None = None,
) -> Plan:
    sync = CompiledSync(definition, default_region="US")
    evaluations: list[Evaluation] = sync.evaluate([identity])
    decisions = {} if decided is None else {identity.user_id: decided}
    plans = plan_all_unlinked(sync, evaluations, found_by_everything(sync, records), owners or {}, decisions)
    return plans[identity.user_id]
