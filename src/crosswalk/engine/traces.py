"""What flows began without knowing how it ended: whether it is there is looked for before it is taken back."""

from collections.abc import Mapping

from crosswalk.connectors.base import FindsCandidates
from crosswalk.domain.write import Action, RecordWrite
from crosswalk.reconcile.effects import is_done


async def seen_in(org: FindsCandidates, writes: Mapping[str, RecordWrite]) -> frozenset[str]:
    """Which of these writes, each named by the key of its effect, were carried out: it is rare that there are any.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The org did not answer.
    """
    seen: set[str] = set()
    for key, write in writes.items():
        by, value = ("Id", write.record_id) if write.record_id else write.external_id
        names = [each.field for each in write.fields] if write.action is Action.UPDATE else ["Id"]
        found = await org.find_candidates(write.object, names, by, [value])
        if any(is_done(write, record) for record in found):
            seen.add(key)
    return frozenset(seen)
