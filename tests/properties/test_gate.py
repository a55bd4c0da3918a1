"""Whatever comes in whatever batches: never more of a kind is written than is allowed, and nothing goes missing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crosswalk.domain.ids import UserId
from crosswalk.domain.threshold import WriteKind
from crosswalk.reconcile.gate import gate

KINDS = [WriteKind.CLEAR, WriteKind.CREATE, WriteKind.REVOKE, WriteKind.UPDATE]
PEOPLE = st.lists(st.sets(st.sampled_from(KINDS)), max_size=30)
ALLOWED = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 12))


def run(
    people: list[set[WriteKind]], sizes: list[int], allowed: dict[WriteKind, int]
) -> tuple[list[set[WriteKind]], list[set[WriteKind]], set[WriteKind]]:
    """Pass the people through the gate in batches: who went on, who waits, and which kinds are stopped."""
    going: list[set[WriteKind]] = []
    waiting: list[set[WriteKind]] = []
    counted: Counter[WriteKind] = Counter()
    paused: set[WriteKind] = set()
    numbered = {UserId(f"auth0|{number}"): kinds for number, kinds in enumerate(people)}
    left = list(numbered)
    for size in [*sizes, len(people)]:
        batch = {user_id: numbered[user_id] for user_id in left[:size]}
        left = left[size:]
        verdict = gate(batch, allowed, counted, paused)
        counted.update(verdict.counts)
        paused |= set(verdict.stopped)
        going += [kinds for user_id, kinds in batch.items() if user_id not in verdict.held]
        waiting += [batch[user_id] for user_id in verdict.held]
        for user_id, kind in verdict.held.items():
            assert kind in batch[user_id]
            assert kind in paused
    return going, waiting, paused


@given(PEOPLE, st.lists(st.integers(1, 10), max_size=8), ALLOWED)
def test_never_more_is_written_than_is_allowed(
    people: list[set[WriteKind]], sizes: list[int], allowed: dict[WriteKind, int]
) -> None:
    going, waiting, paused = run(people, sizes, allowed)

    written = Counter(kind for kinds in going for kind in kinds)
    assert all(written[kind] <= limit for kind, limit in allowed.items())
    assert len(going) + len(waiting) == len(people)
    assert all(kinds & paused for kinds in waiting)


@given(PEOPLE, st.lists(st.integers(1, 10), max_size=8), ALLOWED, st.randoms(use_true_random=False))
def test_one_kind_is_stopped_or_not_whatever_the_order(
    people: list[set[WriteKind]], sizes: list[int], allowed: dict[WriteKind, int], chance: object
) -> None:
    """For a single limited kind, whether it is stopped depends on the number alone, not on order or batches."""
    one = dict(list(allowed.items())[:1])
    shuffled = list(people)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random

    stopped = {kind for kind, limit in one.items() if sum(kind in kinds for kinds in people) > limit}

    assert run(people, sizes, one)[2] == stopped
    assert run(shuffled, [len(people)], one)[2] == stopped


@given(PEOPLE, ALLOWED)
def test_whoever_has_no_stopped_kind_is_never_held_up(
    people: list[set[WriteKind]], allowed: dict[WriteKind, int]
) -> None:
    going, _, paused = run(people, [3, 3, 3], allowed)

    free = [kinds for kinds in people if not kinds & set(allowed)]
    assert [kinds for kinds in going if not kinds & set(allowed)] == free
    assert paused <= set(allowed)
