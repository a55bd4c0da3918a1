"""From a case to its plan, by the functions that the hub itself uses: only the two sides are made of what is given."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from crosswalk.cases.case import Case, DecidedGiven, Given, Profile
from crosswalk.cases.life import follow, plan_as_account, plan_with_accounts
from crosswalk.cases.org import answer
from crosswalk.domain.decision import Decided, FieldDecision
from crosswalk.domain.effect import EffectStep, HeldEffect, Step
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.flow import DEACTIVATION, MERGE_TASK
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import UserId
from crosswalk.domain.life import RecordDeleted
from crosswalk.domain.link import EndedLink, Link
from crosswalk.domain.plan import Plan
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Side
from crosswalk.flows.closed_won import CompiledClosedWon, next_round, steps_towards
from crosswalk.flows.deactivation import CompiledDeactivation, SoFar, with_deactivation
from crosswalk.flows.merge_task import with_merge_task
from crosswalk.flows.tasks import Surroundings
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.look_ups import look_ups
from crosswalk.matching.resolution import Bonds
from crosswalk.matching.where import Barred
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.life import without_recreating
from crosswalk.reconcile.planner import plan_deleted, plan_linked
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.reconcile.unlinked import plan_all_unlinked

AT = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of everything for which a case gives none: cases know no clock."""

_AT_TEXT = "2026-01-01T00:00:00.000000Z"


class DealPlan(Struct, frozen=True):
    """What comes of a deal: the steps of this round, what keeps it from having all, and whether there is another."""

    steps: tuple[EffectStep, ...]
    problem: str | None = None
    more: bool = False
    won: bool = False
    tier: str | None = None


class Holding(Struct, frozen=True):
    """What flows did and did not undo, and the number of the present episode."""

    held: tuple[HeldEffect, ...] = ()
    episode: int = 0


class Outcome(Struct, frozen=True):
    """What came of a case, with what it went through, which is what coverage counts.

    Parameters
    ----------
    plan
        What is to be done for the identity, or for the deal.
    evaluation
        What the expressions say about the identity; `None` for one that is gone, and for deals.
    found
        The rules whose key found a record, by object and name.
    barred
        The pairs that conditions on records keep apart.
    inactive
        Whether the flow deactivation counts the identity as inactive; `None` without the flow.
    """

    plan: Plan | DealPlan
    evaluation: Evaluation | None = None
    found: frozenset[tuple[str, str]] = frozenset()
    barred: Barred = frozenset()
    inactive: bool | None = None


class Runner:
    """Runs the cases of one sync."""

    def __init__(self, compiled: CompiledSync) -> None:
        flows = compiled.definition.flows
        self.compiled = compiled
        self._deactivation = None if flows.deactivation is None else CompiledDeactivation(flows.deactivation)
        self._merge_task = flows.merge_task
        self._closed_won = None if flows.closed_won is None else CompiledClosedWon(flows.closed_won)
        self._tracked = {target.object: tracked_fields(target, flows) for target in compiled.definition.targets}

    def run(self, case: Case) -> Outcome:
        """What comes of a case; flows first do what they wanted in its earlier states."""
        holding = Holding(case.given.held, case.given.episode)
        for earlier in case.earlier:
            holding = _after(holding, self._plan(earlier, holding).plan)
        return self._plan(case.given, holding)

    def plan(self, given: Given) -> Outcome:
        """What comes of some states."""
        return self._plan(given, Holding(given.held, given.episode))

    def as_known(self, given: Given) -> Given:
        """The states with those fields unread that the sync tracks and the stored record does not have."""
        if given.record is None:
            return given
        tracked = self._tracked.get(given.record.object, ())
        return msgspec.structs.replace(given, unread=tuple(name for name in tracked if name not in given.record.fields))

    def _plan(self, given: Given, holding: Holding) -> Outcome:
        if given.deal is not None:
            return Outcome(self._plan_deal(given, given.deal, holding.held))
        if given.user is None:
            raise ValueError("a case has a user or a deal")
        identity = identity_of(given.user, deleted=given.deleted)
        outcome = self._plan_identity(given, identity)
        around = Surroundings(given.owner, given.account)
        if self._deactivation is not None and isinstance(outcome.plan, Plan):
            inactive = self._deactivation.inactive([identity])[identity.user_id]
            so_far = SoFar([e for e in holding.held if e.flow == DEACTIVATION], holding.episode, around=around)
            plan = with_deactivation(self._deactivation.flow, outcome.plan, identity, inactive, so_far)
            outcome = msgspec.structs.replace(outcome, plan=plan, inactive=inactive is True)
        if self._merge_task is not None and isinstance(outcome.plan, Plan):
            held = [each for each in holding.held if each.flow == MERGE_TASK]
            since = identity.version.updated_at
            plan = with_merge_task(self._merge_task, outcome.plan, held, holding.episode, since, around)
            outcome = msgspec.structs.replace(outcome, plan=plan)
        return outcome

    def _plan_identity(self, given: Given, identity: Identity) -> Outcome:
        link = None if given.record is None else self._link(given, given.record, identity.user_id)
        if identity.deleted:
            return Outcome(plan_deleted(identity.user_id, link))
        as_account = None if link is None else plan_as_account(given, link)
        if as_account is not None:
            return Outcome(as_account)
        evaluation, *beside = self.compiled.evaluate([identity, *(identity_of(each) for each in given.beside)])
        if link is None:
            taken_over = plan_with_accounts(self.compiled, evaluation, given)
            return Outcome(taken_over, evaluation) if taken_over else self._plan_unlinked(given, evaluation, beside)
        followed = follow(self.compiled, evaluation, given, link)
        if isinstance(followed, Plan):
            return Outcome(followed, evaluation)
        if followed is not None:
            return self._plan_after_end(given, evaluation, beside, followed)
        decided = _field_decisions(given.decided, evaluation, link, self.compiled)
        resting = [_resting(link.record, field) for field in given.quarantined]
        return Outcome(plan_linked(self.compiled, evaluation, link, decided, resting), evaluation)

    def _plan_after_end(
        self, given: Given, evaluation: Evaluation, beside: Sequence[Evaluation], ended: EndedLink
    ) -> Outcome:
        """The identity is matched anew, but gets no new record in place of a deleted one unless the sync wants that."""
        outcome = self._plan_unlinked(given, evaluation, beside)
        plan = outcome.plan
        if not isinstance(plan, Plan):
            return outcome
        if self.compiled.definition.on_record_deleted is not RecordDeleted.RECREATE and given.decided.choice is None:
            plan = without_recreating(plan, ended)
        return msgspec.structs.replace(outcome, plan=msgspec.structs.replace(plan, ends=(ended, *plan.ends)))

    def _link(self, given: Given, record: Record, user_id: UserId) -> Link:
        fields = self._as_read(record).fields
        base = {} if given.base is None else {**fields, **given.base}
        known = {name: value for name, value in fields.items() if name not in given.unread}
        agreed = {name: value for name, value in base.items() if name in known and name not in given.unagreed}
        return Link(user_id, Record(record.object, record.id, known), agreed, given.evidence)

    def _as_read(self, record: Record) -> Record:
        """The record as the hub reads it: with all tracked fields, of which those that a case leaves out are empty."""
        empty: dict[str, FieldValue] = dict.fromkeys(self._tracked.get(record.object, ()))
        return Record(record.object, record.id, {**empty, **record.fields})

    def _plan_unlinked(self, given: Given, evaluation: Evaluation, beside: Sequence[Evaluation]) -> Outcome:
        compiled, choice = self.compiled, given.decided.choice
        decisions = {} if choice is None else {evaluation.user_id: Decided(choice, given.decided.by, AT)}
        records = [self._as_read(each.record) for each in given.candidates]
        evaluations = [evaluation, *beside]
        wanted = look_ups(evaluations, compiled.rules, self._tracked, decisions)
        found = {name: answer(look_up, records) for name, look_up in wanted.items()}
        owners = {each.record.id: each.linked_to for each in given.candidates if each.linked_to is not None}
        bonds = Bonds(free=frozenset((evaluation.user_id, gone) for gone in given.gone))
        plans = plan_all_unlinked(compiled, evaluations, found, owners, decisions, bonds)
        candidates = Candidates.of(compiled.rules, found)
        keys = [key for target in evaluation.targets for key in target.keys if key is not None]
        return Outcome(
            plans[evaluation.user_id],
            evaluation,
            frozenset((key.object, key.rule) for key in keys if candidates.get(key)),
            compiled.where.check([evaluation], candidates).barred,
        )

    def _plan_deal(self, given: Given, opportunity: Record, held: Sequence[HeldEffect]) -> DealPlan:
        if self._closed_won is None:
            return DealPlan((), f"the sync {self.compiled.definition.name} has no flow closed_won")
        flow = self._closed_won.flow
        (deal,) = self._closed_won.judge([opportunity])
        targets = {target.object: target for target in self.compiled.definition.targets}
        link_field = targets["Contact"].external_id_field if "Contact" in targets else None
        wanted, more = next_round(flow, deal, given.contact, given.contact_user, link_field, held)
        return DealPlan(steps_towards(flow, wanted, held, ()), wanted.problem, more, deal.won, deal.tier)


def _after(holding: Holding, plan: Plan | DealPlan) -> Holding:
    """What flows hold once the steps of a plan are done; what ends, ends the episode."""
    steps = plan.effects if isinstance(plan, Plan) else plan.steps
    over = {step.effect.key for step in steps if step.step is not Step.DO}
    done = [HeldEffect(step.flow, "", step.effect, holding.episode) for step in steps if step.step is Step.DO]
    kept = [each for each in holding.held if each.effect.key not in over]
    return Holding((*kept, *done), holding.episode + 1 if over else holding.episode)


def identity_of(user: Profile, *, deleted: bool = False) -> Identity:
    """The identity of a user; its state is as old as the user's own `updated_at` says."""
    updated_at = _time_text(user.get("updated_at"))
    return Identity(
        UserId(str(user["user_id"])), msgspec.json.encode(user), StateVersion(updated_at, updated_at), deleted
    )


def _time_text(written: object) -> str:
    """A time as states are ordered by it: `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
    if not isinstance(written, str):
        return _AT_TEXT
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        return _AT_TEXT
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _field_decisions(
    decided: DecidedGiven, evaluation: Evaluation, link: Link, compiled: CompiledSync
) -> Mapping[str, FieldDecision]:
    index = compiled.target_indexes.get(link.record.object)
    values: Mapping[str, FieldValue] = {} if index is None else evaluation.targets[index].values
    made = {}
    for field, each in decided.fields.items():
        auth0 = values.get(field) if each.of_now else each.auth0
        salesforce = link.record.fields.get(field) if each.of_now else each.salesforce
        made[field] = FieldDecision(each.side, auth0, salesforce, decided.by, AT)
    return made


def _resting(record: Record, field: str) -> Quarantine:
    details: dict[str, Any] = {"hub_value": None, "other_value": None, "writers": (), "since": AT, "until": AT}
    return Quarantine(record.object, record.id, field, Side.SALESFORCE, 0, **details)
