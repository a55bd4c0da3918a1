"""The hub in miniature, without any I/O: newest state wins, plan, apply to an org that is a dictionary."""

from dataclasses import dataclass, field

from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.plan import Plan
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action
from crosswalk.matching.look_ups import look_ups
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_deleted, plan_linked
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.reconcile.unlinked import plan_all_unlinked


@dataclass
class Org:
    """Records by id, and how many writes they took."""

    records: dict[RecordId, Record] = field(default_factory=dict)
    writes: int = 0

    def answer(self, look_up: LookUp) -> list[Record]:
        """What a query of Salesforce gives: the records with an asked-for form in every part, whatever the case."""
        forms = [{form.casefold() for key in look_up.keys for form in key[at]} for at in range(len(look_up.parts))]
        return [
            record
            for record in self.records.values()
            if record.object == look_up.object
            and all(
                any(_text(record, field) in wanted for field in part.fields)
                for part, wanted in zip(look_up.parts, forms, strict=True)
            )
        ]

    def edit(self, id_: RecordId, fields: dict[str, FieldValue]) -> None:
        record = self.records[id_]
        self.records[id_] = Record(record.object, id_, {**record.fields, **fields})


@dataclass
class Hub:
    """Replica, links and the one function that brings both sides together."""

    sync: CompiledSync
    org: Org
    newest: dict[UserId, Identity] = field(default_factory=dict)
    links: dict[UserId, Link] = field(default_factory=dict)

    def receive(self, state: Identity) -> Plan:
        """Take in a state, however old, and reconcile the identity."""
        known = self.newest.get(state.user_id)
        if known is None or known.version < state.version:
            self.newest[state.user_id] = state
        return self.reconcile(state.user_id)

    def reconcile(self, user_id: UserId) -> Plan:
        identity = self.newest[user_id]
        link = self.links.get(user_id)
        if link is not None:
            link = Link(user_id, self.org.records[link.record.id], link.base, link.evidence)
        plan = self._plan(identity, link)
        self._apply(plan)
        return plan

    def _plan(self, identity: Identity, link: Link | None) -> Plan:
        if identity.deleted:
            return plan_deleted(identity.user_id, link)
        (evaluation,) = self.sync.evaluate([identity])
        if link is not None:
            return plan_linked(self.sync, evaluation, link)
        owners = {link.record.id: user_id for user_id, link in self.links.items()}
        select = {target.object: tracked_fields(target) for target in self.sync.definition.targets}
        wanted = look_ups([evaluation], self.sync.rules, select, {})
        found = {name: self.org.answer(look_up) for name, look_up in wanted.items()}
        return plan_all_unlinked(self.sync, [evaluation], found, owners, {})[identity.user_id]

    def _apply(self, plan: Plan) -> None:
        record = plan.record
        for write in plan.writes:
            self.org.writes += 1
            fields: dict[str, FieldValue] = {change.field: change.new for change in write.fields}
            if write.action is Action.CREATE:
                external_field, external_value = write.external_id
                id_ = RecordId(f"{len(self.org.records):018d}")
                record = Record(write.object, id_, {external_field: external_value, **fields})
                self.org.records[id_] = record
            elif write.record_id is not None:
                self.org.edit(write.record_id, fields)
                record = self.org.records[write.record_id]
        if record is not None:
            self.links[plan.user_id] = Link(plan.user_id, record, plan.base, plan.evidence)


def _text(record: Record, field: str) -> str:
    return (record.id if field == "Id" else str(record.fields.get(field))).casefold()
