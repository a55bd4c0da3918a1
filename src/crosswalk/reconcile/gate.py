"""Mass-change thresholds: which plans of a batch may be carried out, and which wait for a person.

A plan counts once for each kind of write in it. When a batch would bring a kind above what is allowed, every plan of
the batch that has the kind waits, and so does every later one, until somebody decides: so never more is written than
is allowed, and what is held is seen whole.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.threshold import WriteKind


class Verdict(Struct, frozen=True):
    """What becomes of a batch.

    Parameters
    ----------
    held
        Whose plans wait, each for the gravest of its kinds that is stopped.
    stopped
        The kinds that this batch would bring above what is allowed, with the number they would have come to.
    counts
        How many of the plans that go on have each kind that is limited.
    """

    held: Mapping[UserId, WriteKind]
    stopped: Mapping[WriteKind, int]
    counts: Mapping[WriteKind, int]


def gate(
    wanted: Mapping[UserId, Collection[WriteKind]],
    allowed: Mapping[WriteKind, int],
    counted: Mapping[WriteKind, int],
    paused: Collection[WriteKind] = (),
) -> Verdict:
    """Decide which plans of a batch go on.

    Parameters
    ----------
    wanted
        The kinds of write that each identity's plan comes to.
    allowed
        How many identities may have each kind within the window; kinds that are absent are not limited.
    counted
        How many had it within the window already.
    paused
        Limited kinds that wait for a person already.
    """
    held: dict[UserId, WriteKind] = {}
    stopped: dict[WriteKind, int] = {}
    for kind in WriteKind:
        if kind not in allowed:
            continue
        having = [user_id for user_id, kinds in wanted.items() if kind in kinds and user_id not in held]
        would_be = counted.get(kind, 0) + len(having)
        if not having or (kind not in paused and would_be <= allowed[kind]):
            continue
        held |= dict.fromkeys(having, kind)
        if kind not in paused:
            stopped[kind] = would_be
    going = (kind for user_id, kinds in wanted.items() if user_id not in held for kind in set(kinds))
    return Verdict(held, stopped, Counter(kind for kind in going if kind in allowed))
