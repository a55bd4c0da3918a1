"""Decides what goes wrong: rules in force, their counts, and their random streams. No I/O; time comes from the clock.

Each rule has a stream of its own, drawn once for every call that matches, whether it strikes or not. So one rule never
disturbs another, and a run with the same rules, seed and order of calls is repeated exactly.
"""

import random
from collections.abc import Iterable
from datetime import UTC
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.faults.deliveries import AS_IT_IS, Fate
from crosswalk_sandbox.faults.effects import (
    CALL_EFFECTS,
    EVENT_EFFECTS,
    DelayEvents,
    DuplicateEvents,
    Effect,
    GapEvents,
    Latency,
    LoseEvents,
    RecordFailure,
    ReorderEvents,
    kind_of,
)
from crosswalk_sandbox.faults.log import FaultLog
from crosswalk_sandbox.faults.orders import FaultOrder
from crosswalk_sandbox.faults.rules import Channel, FaultRule, Match, Vendor


class Call(NamedTuple):
    """One HTTP call, by what rules go by."""

    method: str
    path: str
    operations: frozenset[str]


class Hit(NamedTuple):
    """An effect that strikes now, with the seconds that were drawn for it."""

    effect: Effect
    seconds: float = 0.0


class _Active:
    """A rule in force: since when, how often it matched and struck, and its streams."""

    def __init__(self, rule: FaultRule, seed: str, since: float) -> None:
        self.rule = rule
        self.since = since
        self.seen = 0
        self.struck = 0
        # Repeatable by design, so no source of unpredictable numbers.
        self._chances = random.Random(f"{seed}/chances")  # noqa: S311
        self.values = random.Random(f"{seed}/values")  # noqa: S311

    def counts(self, now: float) -> bool:
        """Count one match and tell whether the rule strikes at it."""
        when = self.rule.when
        self.seen += 1
        # Drawn in any case, so that the stream's place depends on the number of matches alone.
        by_chance = self._chances.random() < when.rate
        age = now - self.since
        return (
            by_chance
            and (when.from_seconds is None or age >= when.from_seconds)
            and (when.until_seconds is None or age < when.until_seconds)
            and (when.every is None or self.seen % when.every == 0)
            and (when.calls is None or when.calls[0] <= self.seen <= when.calls[1])
            and (when.next is None or self.struck < when.next)
        )

    def is_spent(self) -> bool:
        """Whether the rule can never strike again, its window of time left aside."""
        when = self.rule.when
        return (when.next is not None and self.struck >= when.next) or (
            when.calls is not None and self.seen >= when.calls[1]
        )


class Faults:
    """The rules in force at one tenant or org.

    Parameters
    ----------
    vendor
        Whose it is.
    clock
        The sandbox's clock.
    """

    def __init__(self, vendor: Vendor, clock: SandboxClock) -> None:
        self.vendor = vendor
        self._clock = clock
        self._seed = 0
        self._named = 0
        self.log = FaultLog()
        self._active: list[_Active] = []
        self._sort()

    def reset(self) -> None:
        """End every rule and forget the log."""
        self._seed = self._named = 0
        self.log = FaultLog()
        self.clear()

    def clear(self) -> None:
        """End every rule; the log stays."""
        self._active = []
        self._sort()

    def set_rules(self, rules: Iterable[FaultRule], *, seed: int = 0, add: bool = False) -> None:
        """Put rules into force, instead of those that were there or, with `add`, after them.

        Raises
        ------
        ValueError
            For a rule of the other vendor, or a name that is there already.
        """
        wanted = [self._own(rule) for rule in rules]
        before = self._active
        self._seed = seed
        # Numbers begin anew, since a rule's name is part of its seed.
        self._named = self._named if add else 0
        self._active = list(before) if add else []
        try:
            for rule in wanted:
                self._put(rule)
        except ValueError:
            self._active = before
            raise
        finally:
            self._sort()

    def order(self, order: FaultOrder) -> None:
        """Put a short order into force, after what is there; what it repeats is replaced."""
        if order.clear:
            self.clear()
        self._active = [one for one in self._active if not one.is_spent()]
        for rule in order.rules():
            self.replace_rule(self._own(rule))

    def replace_rule(self, rule: FaultRule) -> None:
        """Put one named rule into force, instead of the one of this name."""
        self._active = [one for one in self._active if one.rule.name != rule.name]
        self._put(rule)
        self._sort()

    def has_rule(self, name: str) -> bool:
        """Whether a rule of this name is in force."""
        return any(one.rule.name == name for one in self._active)

    def remove_rule(self, name: str) -> None:
        """End the rule of this name, if there is one."""
        self._active = [one for one in self._active if one.rule.name != name]
        self._sort()

    def rules(self) -> list[FaultRule]:
        """The rules in force, in their order, with their names."""
        return [one.rule for one in self._active]

    def for_call(self, call: Call) -> list[Hit]:
        """What strikes a call before it is served: any number of latencies, and at most one other effect."""
        hits: list[Hit] = []
        ended = False
        for one in self._calls:
            if not _fits(one.rule.match, call):
                continue
            strikes = one.counts(self._clock.monotonic())
            effect = one.rule.effect
            if not strikes or (ended and not isinstance(effect, Latency)):
                continue
            hits.append(self._hit(one, f"{call.method} {call.path}"))
            ended = ended or not isinstance(effect, Latency)
        return hits

    def for_success(self, call: Call) -> Hit | None:
        """What strikes a call that was just served with a 2xx status, by the rules that wait for that."""
        for one in self._successes:
            if _fits(one.rule.match, call) and one.counts(self._clock.monotonic()):
                return self._hit(one, f"{call.method} {call.path}")
        return None

    def for_record(self, object: str, record_id: str | None) -> RecordFailure | None:
        """How the write of one record fails; None when it does not. `record_id` is None for a new record."""
        for one in self._records:
            match, effect = one.rule.match, one.rule.effect
            if match.objects and object not in match.objects:
                continue
            if match.records and (record_id is None or record_id[:15] not in {each[:15] for each in match.records}):
                continue
            if one.counts(self._clock.monotonic()) and isinstance(effect, RecordFailure):
                self._hit(one, f"{object} {record_id or '(new)'}")
                return effect
        return None

    def for_event(self, topic: str, channel: Channel) -> Fate:
        """What becomes of one event of this type or topic on its way to one receiver: asked once for each of them."""
        if not self._events:
            return AS_IT_IS
        copies, delay, shift, lost, gap = 1, 0.0, 0.0, False, False
        for one in self._events:
            match, effect = one.rule.match, one.rule.effect
            if match.topics and not any(fnmatchcase(topic, pattern) for pattern in match.topics):
                continue
            if (match.channels and channel not in match.channels) or not one.counts(self._clock.monotonic()):
                continue
            hit = self._hit(one, topic)
            match effect:
                case DuplicateEvents():
                    copies += effect.copies
                case DelayEvents():
                    delay += hit.seconds
                case ReorderEvents():
                    shift += hit.seconds
                case GapEvents():
                    gap = True
                case _:
                    lost = lost or isinstance(effect, LoseEvents)
        return Fate(0 if lost else copies, delay, shift, gap)

    @property
    def concern_calls(self) -> bool:
        """Whether any rule could strike a call; cheap to ask at each."""
        return bool(self._calls or self._successes)

    @property
    def concern_records(self) -> bool:
        """Whether any rule could strike a record."""
        return bool(self._records)

    def _own(self, rule: FaultRule) -> FaultRule:
        """The rule as one of this vendor; `ValueError` when it cannot be."""
        if rule.vendor not in (None, self.vendor):
            raise ValueError(f"a rule for vendor `{self.vendor}` was expected, found one for `{rule.vendor}`")
        return msgspec.structs.replace(rule, vendor=self.vendor)

    def _put(self, rule: FaultRule) -> None:
        if not rule.name:
            self._named += 1
            rule = msgspec.structs.replace(rule, name=f"rule {self._named}")
        if any(one.rule.name == rule.name for one in self._active):
            raise ValueError(f"each rule has a name of its own, found {rule.name!r} twice; rename one of them")
        seed = f"{self._seed}/{self.vendor}/{rule.name}" if rule.seed is None else str(rule.seed)
        self._active.append(_Active(rule, seed, self._clock.monotonic()))

    def _sort(self) -> None:
        self._calls: list[_Active] = []
        self._successes: list[_Active] = []
        self._records: list[_Active] = []
        self._events: list[_Active] = []
        for one in self._active:
            if isinstance(one.rule.effect, EVENT_EFFECTS):
                self._events.append(one)
            elif isinstance(one.rule.effect, CALL_EFFECTS):
                (self._successes if one.rule.match.successful else self._calls).append(one)
            else:
                self._records.append(one)

    def _hit(self, one: _Active, target: str) -> Hit:
        effect, details, seconds = one.rule.effect, {}, 0.0
        one.struck += 1
        if isinstance(effect, Latency | DelayEvents | ReorderEvents):
            seconds = _drawn_ms(effect, one.values) / 1000
            details = {"ms": round(seconds * 1000, 3)}
        else:
            details = {name: value for name, value in _details(effect).items() if value not in ("", [])}
        now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.log.write(
            rule=one.rule.name, effect=kind_of(effect), call=one.seen, target=target, details=details, at=now
        )
        return Hit(effect, seconds)


def _drawn_ms(effect: Latency | DelayEvents | ReorderEvents, values: random.Random) -> float:
    if isinstance(effect, ReorderEvents):
        return values.uniform(0.0, effect.within_ms)
    return effect.delay.draw(values)


def _details(effect: Effect) -> dict[str, Any]:
    return {name: getattr(effect, name) for name in effect.__struct_fields__}


def _fits(match: Match, call: Call) -> bool:
    return (
        (not match.operations or not call.operations.isdisjoint(match.operations))
        and (not match.methods or call.method in match.methods)
        and (not match.path or fnmatchcase(call.path, match.path))
    )
