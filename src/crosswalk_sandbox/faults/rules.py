"""The form of an order: a rule says what it concerns (`match`), when it strikes (`when`), what happens (`effect`)."""

from typing import Literal

import msgspec

from crosswalk_sandbox.faults.effects import (
    CALL_EFFECTS,
    EVENT_EFFECTS,
    OF_ONE_VENDOR,
    AnyEffect,
    Drop,
    Malformed,
    Timeout,
    kind_of,
)

Vendor = Literal["auth0", "salesforce"]
Operation = Literal[
    "token",
    "authentication",
    "management",
    "read",
    "write",
    "query",
    "describe",
    "collections",
    "bulk",
    "limits",
    "events",
]
Channel = Literal["webhook", "subscription", "log-stream", "event-bus"]


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule concerns; everything of its kind when nothing is named, else what agrees with all that is named.

    Parameters
    ----------
    operations
        Classes of calls of which one has to fit: `token`, `authentication` (logins, userinfo), `management` (all of the
        tenant's Management API), `read`, `write`, `query` (searches too), `describe`, `collections`, `bulk`, `limits`,
        `events` (subscriptions).
    methods
        HTTP methods.
    path
        Pattern of the path without its query, in which `*` stands for anything.
    objects, records
        For `record-failure`: API names of objects, and ids (15 or 18 characters).
    topics
        For events: patterns of types of events or logs, such as `user.*`.
    channels
        For events: the ways out that count, of `webhook` (event streams), `subscription` (server-sent events) and
        `log-stream`; all when empty.
    successful
        Whether only calls that are served with a 2xx status count, and are hit once they are served.
    """

    operations: list[Operation] = []
    methods: list[str] = []
    path: str = ""
    objects: list[str] = []
    records: list[str] = []
    topics: list[str] = []
    channels: list[Channel] = []
    successful: bool = False


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule strikes; all that is named has to hold. Calls are those that match, counted from 1 by each rule.

    Parameters
    ----------
    rate
        Probability, 0 to 1, drawn anew for each call.
    from_seconds, until_seconds
        Window of sandbox time, in seconds since the rule was set.
    every
        Every so manieth call.
    calls
        The first and the last number of the calls concerned.
    next
        How often at most: the next so many calls when nothing else is named.
    """

    rate: float = 1.0
    from_seconds: float | None = None
    until_seconds: float | None = None
    every: int | None = None
    calls: tuple[int, int] | None = None
    next: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"`rate` is a probability from 0 to 1, found {self.rate:g}")
        for name in ("every", "next"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"`{name}` is a whole number from 1, found {value}")
        if self.calls is not None and not 1 <= self.calls[0] <= self.calls[1]:
            raise ValueError(f"`calls` is the first and the last number, counted from 1, found {list(self.calls)}")
        if (self.until_seconds is not None) and self.until_seconds <= (self.from_seconds or 0.0):
            raise ValueError(f"`until_seconds` comes after `from_seconds`, found {self.until_seconds:g}")


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule.

    Parameters
    ----------
    effect
        What happens.
    vendor
        Whose calls it concerns; an order to one tenant or org need not say.
    match, when
        What it concerns, and when it strikes; always and everything when left out.
    name
        How the log calls it; a number is found when empty.
    seed
        A seed of its own, instead of one made from the order's seed and the name.
    """

    effect: AnyEffect
    vendor: Vendor | None = None
    match: Match = Match()
    when: When = When()
    name: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        kind = kind_of(self.effect)
        owner = OF_ONE_VENDOR.get(type(self.effect))
        if owner is not None and self.vendor not in (None, owner):
            raise ValueError(f"the effect `{kind}` is there for vendor `{owner}` alone, found `{self.vendor}`")
        for name in ("operations", "methods", "path", "successful", "objects", "records", "topics", "channels"):
            if getattr(self.match, name) and not self._takes(name):
                raise ValueError(f"the effect `{kind}` does not go by `match.{name}`; leave it out")

        if self.match.successful and not self._strikes_replies():
            raise ValueError(f"the effect `{kind}` strikes before a call is served; leave out `match.successful`")

    def _strikes_replies(self) -> bool:
        match self.effect:
            case Malformed() | Timeout(at="after-write"):
                return True
            case Drop():
                return self.effect.at != "before-reading"
            case _:
                return False

    def _takes(self, name: str) -> bool:
        if isinstance(self.effect, CALL_EFFECTS):
            return name in ("operations", "methods", "path", "successful")
        if isinstance(self.effect, EVENT_EFFECTS):
            return name in ("topics", "channels") or (name == "operations" and self.match.operations == ["events"])
        return name in ("objects", "records")


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules in their order, and the seed that all of them are drawn from.

    Parameters
    ----------
    rules
        The rules; of those that would end one call, the first decides.
    seed
        Any whole number; the same number gives the same faults to the same calls.
    add
        Whether rules already in force stay; else they end.
    """

    rules: list[FaultRule] = []
    seed: int = 0
    add: bool = False
