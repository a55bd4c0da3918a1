"""From what a flow wants, and what it holds, to what is done and undone."""

from hypothesis import given
from hypothesis import strategies as st

from crosswalk.domain.effect import Effect, HeldEffect, Step
from crosswalk.domain.ids import UserId
from crosswalk.domain.user_writes import RoleChange
from crosswalk.reconcile.effects import effect_steps, write_of
from tests.core_builders import a_place

FLOW = "closed_won"


def a_role(role: str, *, undoable: bool = True, once: bool = False) -> Effect:
    grant = RoleChange(UserId("auth0|ada"), role)
    revoke = RoleChange(UserId("auth0|ada"), role, granted=False)
    return Effect(f"role/{role}", grant, revoke if undoable else None, "A deal is won.", once)


def held(*effects: Effect) -> list[HeldEffect]:
    return [HeldEffect(FLOW, "Opportunity/1", effect) for effect in effects]


def steps(
    wanted: list[Effect], holding: list[HeldEffect], shared: frozenset[str] = frozenset()
) -> list[tuple[Step, str]]:
    return [(step.step, step.effect.key) for step in effect_steps(FLOW, a_place(), wanted, holding, shared)]


def test_what_is_wanted_and_not_held_is_done_in_its_order() -> None:
    assert steps([a_role("a"), a_role("b")], []) == [(Step.DO, "role/a"), (Step.DO, "role/b")]


def test_what_is_held_and_wanted_is_left_alone() -> None:
    assert steps([a_role("a")], held(a_role("a"))) == []


def test_what_is_wanted_no_more_is_undone_the_last_first() -> None:
    assert steps([], held(a_role("a"), a_role("b"))) == [(Step.UNDO, "role/b"), (Step.UNDO, "role/a")]


def test_what_another_subject_wants_too_is_only_let_go() -> None:
    assert steps([], held(a_role("a")), frozenset({"role/a"})) == [(Step.RELEASE, "role/a")]


def test_what_cannot_be_taken_back_is_only_let_go() -> None:
    assert steps([], held(a_role("a", undoable=False))) == [(Step.RELEASE, "role/a")]


def test_what_is_done_a_single_time_stays_held() -> None:
    once = a_role("a", undoable=False, once=True)

    assert steps([], held(once)) == []
    assert steps([once], held(once)) == []


def test_what_was_only_begun_is_done_again_or_undone() -> None:
    begun = held(a_role("a"), a_role("b"))

    found = effect_steps(FLOW, a_place(), [a_role("a")], [], begun=begun)

    assert [(step.step, step.effect.key) for step in found] == [(Step.DO, "role/a"), (Step.UNDO, "role/b")]


def test_a_step_names_its_write() -> None:
    [do] = effect_steps(FLOW, a_place(), [a_role("a")], [])
    [undo] = effect_steps(FLOW, a_place(), [], held(a_role("a")))
    [release] = effect_steps(FLOW, a_place(), [], held(a_role("a")), {"role/a"})

    assert write_of(do) == RoleChange(UserId("auth0|ada"), "a")
    assert write_of(undo) == RoleChange(UserId("auth0|ada"), "a", granted=False)
    assert write_of(release) is None


roles = st.lists(st.sampled_from("abcd"), unique=True)


@given(st.lists(roles, min_size=1))
def test_after_any_history_exactly_what_is_wanted_is_granted(history: list[list[str]]) -> None:
    holding: list[HeldEffect] = []
    granted: set[str] = set()
    for wanted in history:
        for step in effect_steps(FLOW, a_place(), [a_role(role) for role in wanted], holding):
            write = write_of(step)
            assert isinstance(write, RoleChange)
            assert (write.role in granted) is not write.granted
            (granted.add if write.granted else granted.remove)(write.role)
            if step.step is Step.DO:
                holding += held(step.effect)
            else:
                holding = [each for each in holding if each.effect.key != step.effect.key]
        assert granted == set(wanted)
        assert steps([a_role(role) for role in wanted], holding) == []


@given(roles, roles)
def test_two_subjects_share_what_both_want(first: list[str], second: list[str]) -> None:
    mine, theirs = held(*map(a_role, first)), {f"role/{role}" for role in second}

    undone = {step.effect.key for step in effect_steps(FLOW, a_place(), [], mine, theirs) if step.step is Step.UNDO}

    assert undone == {f"role/{role}" for role in set(first) - set(second)}
