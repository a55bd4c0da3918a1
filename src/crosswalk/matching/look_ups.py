"""What to ask the org about a batch of identities, all of it at once.

All rules of all targets are asked in one go, not one after the other for those that the rules before did not decide.
An org takes five queries in one call (see `connectors.salesforce.query`), so four rules over 200 people cost one call
and one round trip; asked in turns they would cost up to four of each, and for people that no rule finds, who are most
of those that arrive without a link, always four.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypeAlias

from crosswalk.domain.decision import Decided, LinkTo
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.look_up import LookUp, SearchedPart
from crosswalk.matching.keys import CompiledRule, MatchKey

LookUpName: TypeAlias = tuple[str, str]
"""The object, and the `searched` of the rules that share the look-up."""

BY_ID = "Id"
"""The `searched` of look-ups for records that a person named."""


def look_ups(
    evaluations: Iterable[Evaluation],
    rules: Sequence[Sequence[CompiledRule]],
    select: Mapping[str, tuple[str, ...]],
    decisions: Mapping[UserId, Decided],
    *,
    skip: Container[UserId] = frozenset(),
) -> dict[LookUpName, LookUp]:
    """The questions for all identities together.

    Parameters
    ----------
    evaluations
        The identities; those that are filtered are left out.
    rules
        The compiled rules of each target.
    select
        Object → the fields that its records are to come with.
    decisions
        What people decided: records that they named are asked for by id.
    skip
        Identities that need no look-up, because they are linked already.
    """
    wanted: dict[LookUpName, list[MatchKey]] = {(rule.sobject, rule.searched): [] for each in rules for rule in each}
    named: dict[str, list[RecordId]] = {}
    for evaluation in evaluations:
        if evaluation.filtered or evaluation.user_id in skip:
            continue
        decided = decisions.get(evaluation.user_id)
        if decided is not None and isinstance(decided.choice, LinkTo):
            named.setdefault(decided.choice.object, []).append(decided.choice.record_id)
        for target in evaluation.targets:
            for key in target.keys:
                if key is not None:
                    wanted[(key.object, key.field)].append(key)
    compiled = {(rule.sobject, rule.searched): rule for each in rules for rule in each}
    asked = {name: compiled[name].look_up(keys, select[name[0]]) for name, keys in wanted.items() if keys}
    for object_, ids in named.items():
        if object_ in select:
            keys = tuple(((id_,),) for id_ in dict.fromkeys(ids))
            asked[(object_, BY_ID)] = LookUp(object_, select[object_], (SearchedPart(("Id",)),), keys)
    return asked
