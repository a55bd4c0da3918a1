"""Plans for identities without a record: link the one that was found, make one, wait, or ask a person.

`matching` says in which situation an identity is; the sync's reactions say what is done in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.candidate import Candidate
from crosswalk.domain.decision import Decided
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.match_rule import Reaction, Reactions
from crosswalk.domain.plan import Conflict, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.matching.batch import resolve_all
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.look_ups import LookUpName
from crosswalk.matching.resolution import (
    AlreadyLinked,
    Ambiguous,
    Bonds,
    Doubtful,
    KeyMissing,
    KeyUnverified,
    LeftAlone,
    Matched,
    NewDecided,
    NoMatch,
    Resolution,
    Scene,
    UnverifiedMatch,
)
from crosswalk.reconcile.begun import plan_found_again
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_created, plan_matched

UNVERIFIED = "{rule}, not verified"
"""The evidence of a link by a key that is not verified, in a sync that allows it."""


NO_BONDS = Bonds()

_Undecided: TypeAlias = (
    Matched | NoMatch | Ambiguous | AlreadyLinked | Doubtful | KeyMissing | KeyUnverified | UnverifiedMatch
)


class _Finding(Struct, frozen=True):
    """A resolution in words.

    Parameters
    ----------
    situation
        What it is called.
    words
        What was found, in a sentence.
    advice
        What a person can do about it.
    rule, target_index, candidates
        The rule that found something, where, and what.
    """

    situation: Situation
    words: str
    advice: str
    rule: str = ""
    target_index: int | None = None
    candidates: tuple[Candidate, ...] = ()

    def reaction_of(self, reactions: Reactions) -> Reaction:
        """The sync's reaction to this situation."""
        reaction: Reaction = getattr(reactions, self.situation.value)
        return reaction


def plan_all_unlinked(
    compiled: CompiledSync,
    evaluations: Sequence[Evaluation],
    found: Mapping[LookUpName, Iterable[Record]],
    owners: Mapping[RecordId, UserId],
    decisions: Mapping[UserId, Decided],
    bonds: Bonds = NO_BONDS,
    begun: Mapping[UserId, BegunWrites] = MappingProxyType({}),
) -> dict[UserId, Plan]:
    """Plan for many identities together, so that no two of them get one record.

    Parameters
    ----------
    found
        The records that each look-up gave.
    owners
        The identities that these records are linked to already.
    decisions
        What people decided about some of the identities.
    bonds
        What is known of users who have to do with one another.
    begun
        What was about to be written for some of them, and may have been.
    """
    candidates = Candidates.of(compiled.rules, found)
    conditions = compiled.where.check(evaluations, candidates)
    scene = Scene(compiled.definition, candidates, owners, conditions.barred, decisions, bonds)
    checked = [
        replace(each, errors=each.errors + conditions.errors[each.user_id])
        if each.user_id in conditions.errors
        else each
        for each in evaluations
    ]
    resolved = resolve_all(checked, scene)
    plans = {each.user_id: plan_unlinked(compiled, each, resolved[each.user_id]) for each in checked}
    carried_out = [user_id for user_id in decisions if user_id in plans and _as_decided(resolved[user_id])]
    plans |= {user_id: replace(plans[user_id], decided_by=decisions[user_id].by) for user_id in carried_out}
    again = [each for each in checked if each.user_id in begun] if begun else ()
    return plans | {e.user_id: plan_found_again(compiled, e, plans[e.user_id], begun[e.user_id]) for e in again}


def _as_decided(resolution: Resolution) -> bool:
    """Whether the resolution is what a person decided."""
    match resolution:
        case Matched(decided=decided):
            return decided
        case NewDecided() | LeftAlone():
            return True
        case _:
            return False


def plan_unlinked(compiled: CompiledSync, evaluation: Evaluation, resolution: Resolution) -> Plan:
    """What to do for an identity without a record, in the situation in which it is."""
    if evaluation.filtered:
        return Plan(evaluation.user_id, Situation.FILTERED, errors=evaluation.errors)
    match resolution:
        case Matched(decided=True):
            return plan_matched(compiled, evaluation, resolution.target_index, resolution.record, resolution.rule)
        case NewDecided(target_index):
            return plan_created(compiled, evaluation, target_index, Situation.NO_MATCH)
        case LeftAlone():
            return Plan(evaluation.user_id, Situation.LEFT_ALONE, errors=evaluation.errors)
        case _:
            return _react(compiled, evaluation, resolution)


def _react(compiled: CompiledSync, evaluation: Evaluation, resolution: _Undecided) -> Plan:
    """What the sync does in this situation."""
    if isinstance(resolution, Matched) and compiled.definition.reactions.matched is Reaction.LINK:
        # The usual case, of which nothing has to be said in words.
        return plan_matched(compiled, evaluation, resolution.target_index, resolution.record, resolution.rule)
    finding = _describe(resolution)
    match finding.reaction_of(compiled.definition.reactions):
        case Reaction.LINK:
            return _link(compiled, evaluation, resolution, finding)
        case Reaction.CREATE:
            return _create(compiled, evaluation, finding)
        case Reaction.WAIT:
            return Plan(
                evaluation.user_id,
                finding.situation,
                _target_name(compiled, finding),
                errors=evaluation.errors,
                waits_for=f"{finding.words} Nothing is done until that changes, or somebody decides.",
                in_the_way=tuple(candidate.record.id for candidate in finding.candidates),
            )
        case Reaction.CONFLICT:
            return _conflict(compiled, evaluation, finding)


def _link(compiled: CompiledSync, evaluation: Evaluation, resolution: _Undecided, finding: _Finding) -> Plan:
    match resolution:
        case Matched(target_index, record, rule):
            return plan_matched(compiled, evaluation, target_index, record, rule)
        case UnverifiedMatch(target_index, rule, (candidate,)) if candidate.linked_to is None:
            evidence = UNVERIFIED.format(rule=rule)
            plan = plan_matched(compiled, evaluation, target_index, candidate.record, evidence)
            return replace(plan, situation=Situation.UNVERIFIED_MATCH)
    return _conflict(compiled, evaluation, finding)


def _create(compiled: CompiledSync, evaluation: Evaluation, finding: _Finding) -> Plan:
    if evaluation.errors:
        # With a match rule that failed, the record may well exist: making another would double it.
        return Plan(evaluation.user_id, finding.situation, errors=evaluation.errors)
    targets = compiled.definition.targets
    first = next((index for index, target in enumerate(targets) if target.create), None)
    if first is None:
        return Plan(evaluation.user_id, finding.situation)
    return plan_created(compiled, evaluation, first, finding.situation)


def _conflict(compiled: CompiledSync, evaluation: Evaluation, finding: _Finding) -> Plan:
    return Plan(
        evaluation.user_id,
        finding.situation,
        _target_name(compiled, finding),
        errors=evaluation.errors,
        conflict=Conflict(finding.situation, finding.rule, finding.candidates, f"{finding.words} {finding.advice}"),
    )


def _target_name(compiled: CompiledSync, finding: _Finding) -> str | None:
    return None if finding.target_index is None else compiled.definition.targets[finding.target_index].object


def _describe(resolution: _Undecided) -> _Finding:  # noqa: PLR0911  one for each situation
    """A resolution in words."""
    match resolution:
        case Matched(index, record, rule):
            words = f"The match rule {rule} found record {record.id}."
            return _Finding(Situation.MATCHED, words, "Link it by hand if it is the person's.", rule, index)
        case NoMatch():
            return _Finding(Situation.NO_MATCH, "No match rule found a record.", "Link one by hand, or have one made.")
        case Ambiguous(index, rule, candidates):
            words = f"The match rule {rule} found {len(candidates)} records where one was expected."
            advice = "Choose the right one, or merge them in Salesforce."
            return _Finding(Situation.AMBIGUOUS, words, advice, rule, index, candidates)
        case AlreadyLinked(index, candidate, other, rule):
            words = f"The match rule {rule} found record {candidate.record.id}, which belongs to {other} already."
            advice = "Link the two Auth0 users, or correct the record."
            return _Finding(Situation.ALREADY_LINKED, words, advice, rule, index, (candidate,))
        case Doubtful(index, rule, candidates):
            found = "a record that is" if len(candidates) == 1 else f"{len(candidates)} records that are"
            words = f"The match rule {rule} found {found} less alike than it demands."
            advice = "Choose the right one, or have a new record made."
            return _Finding(Situation.DOUBTFUL, words, advice, rule, index, candidates)
        case KeyMissing():
            words = (
                "The user has no value for any match rule, so the person's record would not be found if there is one."
            )
            return _Finding(Situation.KEY_MISSING, words, "Link one by hand, or have one made.")
        case KeyUnverified(rules):
            words = f"No record was found, and the value for {', '.join(rules)} is not verified."
            advice = "Have it verified, link a record by hand, or have one made."
            return _Finding(Situation.KEY_UNVERIFIED, words, advice, rules[0])
        case UnverifiedMatch(index, rule, candidates):
            found = "a record" if len(candidates) == 1 else f"{len(candidates)} records"
            words = f"The match rule {rule} found {found} by a value that is not verified."
            advice = "Have it verified, or choose the right one."
            return _Finding(Situation.UNVERIFIED_MATCH, words, advice, rule, index, candidates)
