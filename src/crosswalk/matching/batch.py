"""Resolving many identities together: no two of them get the same record."""

from collections.abc import Mapping, Sequence

from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.matching.resolution import Matched, Resolution, Scene, resolve, taken


def resolve_all(evaluations: Sequence[Evaluation], scene: Scene) -> dict[UserId, Resolution]:
    """Find the record of each identity; the order of the identities does not matter.

    Where several match one record, a person's decision goes before a rule, an earlier rule before a later one, and
    among equals the user id that sorts first: the others find the record linked already.
    """
    by_user = {evaluation.user_id: evaluation for evaluation in evaluations}
    resolved = {user_id: resolve(evaluation, scene) for user_id, evaluation in by_user.items()}
    matches = {user_id: each for user_id, each in resolved.items() if isinstance(each, Matched)}
    if len({each.record.id for each in matches.values()}) == len(matches):
        return resolved  # the usual batch, in which no two of them match one record
    winners = _winners(matches, scene)
    return {
        user_id: taken(by_user[user_id], scene, each, winners[each.record.id])
        if isinstance(each, Matched) and winners[each.record.id] != user_id
        else each
        for user_id, each in resolved.items()
    }


def _winners(matches: Mapping[UserId, Matched], scene: Scene) -> dict[RecordId, UserId]:
    """The identity that gets each record."""
    ranked = sorted((_rank(each, scene), user_id, each.record.id) for user_id, each in matches.items())
    winners: dict[RecordId, UserId] = {}
    for _, user_id, record_id in ranked:
        winners.setdefault(record_id, user_id)
    return winners


def _rank(matched: Matched, scene: Scene) -> tuple[int, int]:
    if matched.decided:
        return (-1, 0)
    rules = [rule.name for rule in scene.definition.targets[matched.target_index].match]
    position = rules.index(matched.rule) if matched.rule in rules else len(rules)
    return (matched.target_index, position)
