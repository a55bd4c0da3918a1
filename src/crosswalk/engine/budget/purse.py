"""The part of a budget that one process holds: spends from memory, and knows what to tell at its next turn. No I/O."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from crosswalk.connectors.allowance import Answer
from crosswalk.domain.breaker import FAILURES
from crosswalk.domain.budget import TOKEN, DayReport, Endpoint, RateReport, counted
from crosswalk.domain.budget_turns import DAY_WAIT_S
from crosswalk.domain.lease import Granted, Turn, Wait, Why
from crosswalk.domain.purpose import Purpose, Spender

VALID_S = 5.0
"""A lease is spent for so long after it was asked for; the others give its places away a little later (`SILENT_S`)."""

FIRST_SIZE = 16
LARGEST_SIZE = 512
SLOTS = 64
"""How many calls a process would like to have under way at once; what it really has is bounded by its clients."""

ASK_AGAIN_S = 5.0

URGENCY = {purpose: place for place, purpose in enumerate(Purpose)}


class Taken(Struct, frozen=True):
    """A call that was given leave, with the marks of what its answer will report."""

    endpoint: Endpoint
    mark: int
    rate_mark: int


class _Told(Struct, frozen=True):
    """That a class got no calls: why, when (monotonic seconds), and for what at the most urgent."""

    wait: Wait
    at: float
    purpose: Purpose


class Purse:
    """What one worker holds of one budget.

    Parameters
    ----------
    worker
        Names the worker in the budget's state.
    """

    def __init__(self, worker: str) -> None:
        self.spent_by: Counter[Spender] = Counter()
        self.granted: Granted | None = None
        self._worker = worker
        self._left: Counter[Endpoint] = Counter()
        self._under_way: Counter[Endpoint] = Counter()
        self._in_use = 0
        self._valid_until = 0.0
        self._turns = 0
        self._pending: Turn | None = None
        self._size: dict[Endpoint, int] = {}
        self._used: Counter[Endpoint] = Counter()
        self._most_urgent: Purpose | None = None
        self._waits: dict[Endpoint, _Told] = {}
        self._looks: frozenset[Endpoint] = frozenset()
        self._granted_at = 0.0
        self._forget_news()
        self._failures: Counter[Endpoint] = Counter()

    def _forget_news(self) -> None:
        self._spent: Counter[Endpoint] = Counter()
        self._day: DayReport | None = None
        self._rates: dict[Endpoint, RateReport] = {}
        self._blocked_s: dict[Endpoint, float] = {}
        self._ended: set[Endpoint] = set()
        self._answered: set[Endpoint] = set()
        self._crowded = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing was taken since the last turn, and nothing is under way."""
        return not self._used and not any(self._under_way.values())

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._spent) or self._pending is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held, no place for a call either, and nothing is to be told."""
        holds_slots = self.granted is not None and bool(self.granted.slots)
        held = any(self._left.values()) or any(self._under_way.values()) or holds_slots
        return not self.has_news and not held

    def is_short_of(self, endpoint: Endpoint) -> bool:
        """Whether the lease will soon be used up."""
        return self._left[endpoint] * 4 < self._size.get(endpoint, FIRST_SIZE)

    def take(self, endpoint: Endpoint, spender: Spender, at: float) -> Taken | None:
        """Spend one call, if the lease has one for this purpose; `at` is monotonic seconds."""
        granted = self.granted
        if granted is None or at >= self._valid_until or self._left[endpoint] <= 0:
            return None
        if endpoint != TOKEN:
            if granted.slots is not None and self._in_use >= granted.slots:
                return None
            if self._is_below_floor(granted, spender.purpose) and endpoint not in self._looks:
                return None
            self._looks -= {endpoint}
            self._in_use += 1
        self._left[endpoint] -= 1
        self._under_way[endpoint] += 1
        self._used[endpoint] += 1
        self._note_purpose(spender.purpose)
        self.spent_by[spender] += endpoint != TOKEN
        # What ended before, and this call itself, are in the vendor's count of the day when it answers. The rate is not
        # worth such care: what was sent before counts as arrived before.
        own = self._untold()
        sent = granted.marks.get(endpoint, 0) + own[endpoint] + self._under_way[endpoint]
        return Taken(endpoint, granted.mark + counted(own) + 1, sent)

    def _untold(self) -> Counter[Endpoint]:
        """Own calls that ended, and that the marks of the last grant do not have in them."""
        return self._spent if self._pending is None else self._spent + Counter(self._pending.spent)

    def _is_below_floor(self, granted: Granted, purpose: Purpose) -> bool:
        if granted.room is None or granted.share is None:
            return False
        floor = purpose.floor
        return floor > 0 and granted.room + self._left.total() - self._left[TOKEN] <= int(floor * granted.share)

    def _note_purpose(self, purpose: Purpose) -> None:
        if self._most_urgent is None or URGENCY[purpose] < URGENCY[self._most_urgent]:
            self._most_urgent = purpose

    def why_not(self, endpoint: Endpoint, purpose: Purpose, at: float) -> Wait | None:
        """Why a call could not be taken; `None` where it only has to wait for another one to end."""
        told = self._waits.get(endpoint)
        if told is not None and URGENCY[purpose] >= URGENCY[told.purpose]:
            # What is left of the day may change with any answer, so that is asked again soon.
            left_s = min(told.wait.after_s, ASK_AGAIN_S) - (at - told.at)
            if left_s > 0:
                return Wait(told.wait.why, max(left_s, told.wait.after_s - (at - told.at)))
        is_new = at - self._granted_at < ASK_AGAIN_S
        if self.granted is not None and is_new and endpoint != TOKEN and self._is_below_floor(self.granted, purpose):
            return Wait(Why.DAY, DAY_WAIT_S)
        return None

    def ended(self, taken: Taken, answer: Answer | None) -> None:
        """Settle a call; without an answer nobody knows whether the vendor has counted it."""
        endpoint = taken.endpoint
        self._under_way[endpoint] -= 1
        self._spent[endpoint] += 1
        self._in_use -= endpoint != TOKEN
        if answer is None:
            return
        self._ended.add(endpoint)
        if answer.healthy:
            self._failures[endpoint] = 0
            self._answered.add(endpoint)
        else:
            self._failures[endpoint] += 1
            if self._failures[endpoint] >= FAILURES:
                self._left[endpoint] = 0
        if answer.day is not None:
            self._hear_day(DayReport(taken.mark, *answer.day))
        if answer.rate is not None:
            self._hear_rate(endpoint, RateReport(taken.rate_mark, *answer.rate))
        if answer.wait_s is not None:
            self._blocked_s[endpoint] = max(answer.wait_s, self._blocked_s.get(endpoint, 0.0))
            self._left[endpoint] = 0
        if answer.crowded:
            self._crowded = max(self._crowded, self._in_use + 1)

    def _hear_day(self, told: DayReport) -> None:
        before = self._day
        if before is None or (told.mark, told.used) >= (before.mark, before.used):
            self._day = told

    def _hear_rate(self, endpoint: Endpoint, told: RateReport) -> None:
        before = self._rates.get(endpoint)
        if before is None or (told.mark, -told.left) >= (before.mark, -before.left):
            self._rates[endpoint] = told

    def is_urgent(self, endpoint: Endpoint) -> bool:
        """Whether the others should hear at once: the endpoint fails, or asks not to be called."""
        return self._failures[endpoint] >= FAILURES or endpoint in self._blocked_s

    def turn(self, waiting: Mapping[Endpoint, Purpose], *, trims: bool, leaves: bool = False) -> Turn:
        """What to tell and to ask now.

        Until `take_grant` has the answer, the same turn is told again: nobody knows whether it was heard.

        Parameters
        ----------
        waiting
            The classes of calls that somebody waits for, and the most urgent purpose of each.
        trims
            Whether a lease that is larger than what is used gives some back.
        leaves
            Whether everything is given back.
        """
        if self._pending is not None:
            return self._pending
        if leaves:
            self._left.clear()
        wanted = {} if leaves else self._wanted(waiting)
        for purpose in waiting.values():
            self._note_purpose(purpose)
        purpose = self._most_urgent or Purpose.PROFILE
        if trims:
            self._trim()
        self._turns += 1
        held = self._under_way + self._left
        self._pending = Turn(
            worker=self._worker,
            number=self._turns,
            spent=dict(self._spent),
            held=dict(held),
            wanted={endpoint: n for endpoint, n in wanted.items() if n > 0},
            purpose=purpose,
            slots=SLOTS,
            in_use=self._in_use,
            waits=any(endpoint != TOKEN for endpoint in waiting),
            day=self._day,
            rates=self._rates,
            blocked_s=self._blocked_s,
            failures={endpoint: self._failures[endpoint] for endpoint in self._ended if self._failures[endpoint]},
            answered=frozenset(self._answered),
            crowded=self._crowded,
            leaves=leaves,
        )
        for endpoint, failed in self._failures.items():
            if failed >= FAILURES:
                self._failures[endpoint] = 0  # told: the budget remembers from here on
        self._forget_news()
        return self._pending

    def _wanted(self, waiting: Mapping[Endpoint, Purpose]) -> dict[Endpoint, int]:
        wanted: dict[Endpoint, int] = {}
        for endpoint in {**dict.fromkeys(waiting), **self._used}:
            size = self._size.get(endpoint, FIRST_SIZE)
            if self._left[endpoint] <= 0 < self._used[endpoint]:
                size = min(LARGEST_SIZE, size * 2)
            self._size[endpoint] = size
            wanted[endpoint] = size - self._left[endpoint]
        return wanted

    def _trim(self) -> None:
        for endpoint, left in self._left.items():
            used = self._used[endpoint]
            self._left[endpoint] = min(left, max(2 * used, 0))
            if used * 4 < self._size.get(endpoint, FIRST_SIZE):
                self._size[endpoint] = max(FIRST_SIZE, self._size.get(endpoint, FIRST_SIZE) // 2)
        self._used.clear()
        self._most_urgent = None

    def take_grant(self, granted: Granted, asked_at: float, now: float) -> None:
        """Take what the pending turn gave.

        Parameters
        ----------
        asked_at, now
            Monotonic seconds: before the turn was told, and now.
        """
        purpose = Purpose.PROFILE if self._pending is None else self._pending.purpose
        self._pending = None
        self.granted = granted
        self._granted_at = now
        self._looks = granted.looks
        self._valid_until = asked_at + VALID_S
        for endpoint in granted.open:
            self._left[endpoint] = 0
        for endpoint, calls in granted.calls.items():
            self._left[endpoint] += calls
        self._waits = {endpoint: _Told(wait, now, purpose) for endpoint, wait in granted.waits.items()}
