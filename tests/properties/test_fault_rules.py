"""Fault rules: the same seed and the same calls give the same faults, and rates hold within statistical bounds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.faults import Call, Fate, FaultPlan, FaultRule, Faults, arranged

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OPERATIONS = ("token", "read", "write", "query", "bulk")
DELAYS: list[dict[str, Any]] = [
    {"shape": "constant", "ms": 5},
    {"shape": "uniform", "low_ms": 1, "high_ms": 9},
    {"shape": "lognormal", "p50_ms": 10, "p99_ms": 200},
    {"shape": "spikes", "spike_ms": 900, "share": 0.1},
]

matches = st.fixed_dictionaries({}, optional={"operations": st.lists(st.sampled_from(OPERATIONS), max_size=2)})
whens = st.fixed_dictionaries(
    {},
    optional={
        "rate": st.floats(0, 1),
        "every": st.integers(1, 5),
        "next": st.integers(1, 10),
        "calls": st.tuples(st.integers(1, 5), st.integers(5, 40)),
        "from_seconds": st.floats(0, 20),
    },
)
effects = st.one_of(
    st.sampled_from(DELAYS).map(lambda delay: {"kind": "latency", "delay": delay}),
    st.sampled_from([{"kind": "status", "status": 500}, {"kind": "drop"}, {"kind": "limit"}]),
)
plans = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "rules": st.lists(st.fixed_dictionaries({"effect": effects, "match": matches, "when": whens}), max_size=4),
    }
)
calls = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.floats(0, 3)), max_size=60)


class Time:
    """A clock's source that moves when the test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def faults_of(plan: dict[str, Any], time: Time) -> Faults:
    clock = SandboxClock(lambda: START, time)
    faults = Faults("salesforce", clock)
    read = msgspec.convert(plan, FaultPlan)
    faults.set_rules(read.rules, seed=read.seed)
    return faults


def one_rule(effect: dict[str, Any], *, seed: int = 1, **rule: Any) -> Faults:
    return faults_of({"seed": seed, "rules": [{"effect": effect, **rule}]}, Time())


def a_call(operation: str = "read") -> Call:
    return Call("GET", f"/services/{operation}", frozenset({operation}))


def injected(plan: dict[str, Any], sequence: list[tuple[str, float]]) -> list[tuple[Any, ...]]:
    time = Time()
    faults = faults_of(plan, time)
    for operation, pause in sequence:
        time.seconds += pause
        faults.for_call(a_call(operation))
    return [(one.rule, one.effect, one.call, one.target, one.details) for one in faults.log.after()]


@settings(max_examples=80, deadline=None)
@given(plans, calls)
def test_the_same_seed_and_calls_give_the_same_log(plan: dict[str, Any], sequence: list[tuple[str, float]]) -> None:
    assert injected(plan, sequence) == injected(plan, sequence)


@settings(max_examples=60, deadline=None)
@given(plans, calls)
def test_calls_that_a_rule_does_not_match_leave_its_faults_alone(
    plan: dict[str, Any], sequence: list[tuple[str, float]]
) -> None:
    rules = [
        {**rule, "name": str(place), "match": {"operations": ["query"]}} for place, rule in enumerate(plan["rules"])
    ]
    mixed = injected({**plan, "rules": rules}, [(operation, 0.0) for operation, _ in sequence])
    alone = injected({**plan, "rules": rules}, [(operation, 0.0) for operation, _ in sequence if operation == "query"])

    assert mixed == alone


@settings(max_examples=60, deadline=None)
@given(plans, calls)
def test_a_rule_put_before_others_does_not_change_when_they_match_and_count(
    plan: dict[str, Any], sequence: list[tuple[str, float]]
) -> None:
    named = [{**rule, "name": f"rule {place}"} for place, rule in enumerate(plan["rules"])]
    slow = {"name": "slow", "effect": {"kind": "latency", "delay": DELAYS[1]}, "when": {"rate": 0.5}}

    without = injected({**plan, "rules": named}, sequence)
    with_it = injected({**plan, "rules": [slow, *named]}, sequence)

    assert [one for one in with_it if one[0] != "slow"] == without


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rates_hold_within_four_standard_deviations(rate: float, seed: int) -> None:
    faults = one_rule({"kind": "status"}, seed=seed, when={"rate": rate})
    count = 4_000

    hits = sum(bool(faults.for_call(a_call())) for _ in range(count))

    assert abs(hits - count * rate) <= 4 * math.sqrt(count * rate * (1 - rate))


def test_other_seeds_give_other_faults() -> None:
    logs = []
    for seed in (1, 2):
        faults = one_rule({"kind": "status"}, seed=seed, when={"rate": 0.5})
        logs.append([bool(faults.for_call(a_call())) for _ in range(64)])

    assert logs[0] != logs[1]


def test_lognormal_latency_has_the_percentiles_it_was_given() -> None:
    delay = {"shape": "lognormal", "p50_ms": 40, "p99_ms": 400}
    faults = one_rule({"kind": "latency", "delay": delay})

    drawn = sorted(faults.for_call(a_call())[0].seconds * 1000 for _ in range(5_000))

    assert 37 <= drawn[2_500] <= 43
    assert 330 <= drawn[4_950] <= 480


@pytest.mark.parametrize(
    ("when", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"next": 2}, [1, 2]),
        ({"every": 3}, [3, 6]),
        ({"calls": [2, 4]}, [2, 3, 4]),
        ({"every": 2, "next": 2}, [2, 4]),
        ({"rate": 0.0}, []),
    ],
)
def test_triggers_strike_the_calls_they_name(when: dict[str, Any], struck: list[int]) -> None:
    faults = one_rule({"kind": "status"}, when=when)

    hits = [number for number in range(1, 9) if faults.for_call(a_call())]

    assert hits == struck


def test_latencies_add_up_and_the_first_ending_effect_decides() -> None:
    slow = {"effect": {"kind": "latency", "delay": {"shape": "constant", "ms": 10}}}
    rules = [slow, {"effect": {"kind": "drop"}}, {"effect": {"kind": "status"}, "when": {"next": 1}}, slow]
    faults = faults_of({"rules": rules}, Time())

    hits = [hit.effect.__struct_config__.tag for hit in faults.for_call(a_call())]

    assert hits == ["latency", "drop", "latency"]
    # What was not needed is not used up.
    faults.remove_rule("rule 2")
    assert [hit.effect.__struct_config__.tag for hit in faults.for_call(a_call())] == ["latency", "status", "latency"]


@settings(max_examples=100)
@given(st.lists(st.integers(), unique=True, max_size=12), st.sets(st.integers(0, 11)))
def test_reordered_items_are_all_delivered_at_most_one_place_late(items: list[int], shifted: set[int]) -> None:
    late = {items[place] for place in shifted if place < len(items)}

    delivered, wait = arranged(items, lambda item: Fate(shift_seconds=0.01 if item in late else 0.0))

    assert sorted(delivered) == sorted(items)
    assert wait == 0.0


def test_lost_copied_and_delayed_items() -> None:
    fates = {"a": Fate(), "b": Fate(copies=0), "c": Fate(copies=3, delay_seconds=2.0)}

    assert arranged(["a", "b", "c"], lambda item: fates[item]) == (["a", "c", "c", "c"], 2.0)


def test_a_rule_survives_its_way_through_json() -> None:
    rule = {
        "effect": {"kind": "latency", "delay": DELAYS[2]},
        "vendor": "auth0",
        "when": {"rate": 0.25},
        "name": "slow",
    }

    read = msgspec.convert(rule, FaultRule)

    assert msgspec.json.decode(msgspec.json.encode(read), type=FaultRule) == read
