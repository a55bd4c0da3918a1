"""What can go wrong, each told apart by its `kind`. Some concern calls, some single records, some delivered events."""

from typing import Literal, TypeAlias

import msgspec

from crosswalk_sandbox.faults.delays import Delay

_LONGEST_HOLD_SECONDS = 3600.0


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all effects have in common."""


class Latency(Effect, frozen=True, tag="latency"):
    """The call waits so many real milliseconds before it is served; several of these add up."""

    delay: Delay


class Throttle(Effect, frozen=True, tag="throttle"):
    """429 as the tenant answers it: with its three headers, with `Retry-After`, or with no header at all."""

    headers: Literal["vendor", "retry-after", "none"] = "vendor"
    retry_after_seconds: int = 1
    message: str = "Global limit has been reached"


class Limit(Effect, frozen=True, tag="limit"):
    """403 `REQUEST_LIMIT_EXCEEDED` as the org answers it, by the limit that it names."""

    limit: Literal["TotalRequests", "ConcurrentRequests", "ConcurrentPerOrgLongTxn"] = "TotalRequests"


class Status(Effect, frozen=True, tag="status"):
    """The call is refused without being looked at.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    body
        In the vendor's JSON form, as a page of HTML (what a proxy in front of the vendor sends), or none.
    code, message
        The vendor's code and words; the vendor's own for the status when empty.
    """

    status: int = 503
    body: Literal["vendor", "html", "empty"] = "vendor"
    code: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"`status` is an HTTP status from 400 to 599, found {self.status}")


class Drop(Effect, frozen=True, tag="drop"):
    """The connection breaks: before the call is read, or after it was served: with no reply, its head, or half."""

    at: Literal["before-reading", "after-write", "after-headers", "half-body"] = "before-reading"


class Timeout(Effect, frozen=True, tag="timeout"):
    """No answer for so many real seconds and then a broken connection, before or after the call was served."""

    at: Literal["before-write", "after-write"] = "before-write"
    hold_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.hold_seconds <= _LONGEST_HOLD_SECONDS:
            raise ValueError(f"`hold_seconds` is 0 to {_LONGEST_HOLD_SECONDS:g}, found {self.hold_seconds:g}")


class Malformed(Effect, frozen=True, tag="malformed"):
    """The call is served, and its reply is cut so that it is no JSON any more."""


class RevokeToken(Effect, frozen=True, tag="revoke-token"):
    """The token that the call came with, or every token, stops being good just before the call is served."""

    every: bool = False


class ExhaustDailyLimit(Effect, frozen=True, tag="exhaust-daily-limit"):
    """The org's calls of the last 24 hours reach its limit at once; they age as other calls do."""


class RecordFailure(Effect, frozen=True, tag="record-failure"):
    """One record fails with this code, its neighbours do not; in the vendor's words when `message` is empty."""

    code: str = "UNABLE_TO_LOCK_ROW"
    message: str = ""
    fields: list[str] = []


class DuplicateEvents(Effect, frozen=True, tag="duplicate-events"):
    """The event arrives this many times more."""

    copies: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= 100:
            raise ValueError(f"`copies` is 1 to 100, found {self.copies}")


class DelayEvents(Effect, frozen=True, tag="delay-events"):
    """The event leaves later, by sandbox time; in a stream that keeps its order, those behind it wait too."""

    delay: Delay


class ReorderEvents(Effect, frozen=True, tag="reorder-events"):
    """The event leaves at a random moment within so many milliseconds, and so out of order with its neighbours."""

    within_ms: float = 50.0

    def __post_init__(self) -> None:
        if not 0 < self.within_ms <= 600_000:
            raise ValueError(f"`within_ms` is above 0 and up to 600000, found {self.within_ms:g}")


class LoseEvents(Effect, frozen=True, tag="lose-events"):
    """The event never arrives, and nothing tells so."""


class GapEvents(Effect, frozen=True, tag="gap-events"):
    """The change event becomes a gap event: it says which records changed, and not to what."""


CallEffect: TypeAlias = (
    Latency | Throttle | Limit | Status | Drop | Timeout | Malformed | RevokeToken | ExhaustDailyLimit
)
EventEffect: TypeAlias = DuplicateEvents | DelayEvents | ReorderEvents | LoseEvents | GapEvents
AnyEffect: TypeAlias = CallEffect | RecordFailure | EventEffect

CALL_EFFECTS = (Latency, Throttle, Limit, Status, Drop, Timeout, Malformed, RevokeToken, ExhaustDailyLimit)
EVENT_EFFECTS = (DuplicateEvents, DelayEvents, ReorderEvents, LoseEvents, GapEvents)
OF_ONE_VENDOR: dict[type[Effect], str] = {
    Throttle: "auth0",
    Limit: "salesforce",
    ExhaustDailyLimit: "salesforce",
    RecordFailure: "salesforce",
    GapEvents: "salesforce",
}


def kind_of(effect: Effect) -> str:
    """The name of an effect in orders and logs."""
    return str(effect.__struct_config__.tag)
