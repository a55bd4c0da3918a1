"""Date literals: what days `TODAY`, `THIS_MONTH` or `LAST_N_DAYS:7` stand for.

Each stands for whole days in the user's time zone, which is UTC here; weeks begin on Sunday, as in the vendor's default
locale, and the fiscal year is the calendar year. Which of them include the present day follows the vendor's
documentation of date formats and date literals.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

Span = tuple[date, date]
"""The first day, and the first day after the last."""

_UNIT = "(?:FISCAL_(?=QUARTER|YEAR))?(DAY|WEEK|MONTH|QUARTER|YEAR)"
_COUNTED = re.compile(rf"(LAST_N|NEXT_N|N)_{_UNIT}S(_AGO)?:(\d+)")
_NAMED = re.compile(rf"(LAST|THIS|NEXT)_(?!DAY){_UNIT}")
_DAY = timedelta(days=1)
_SINGLE: dict[str, Callable[[date], Span]] = {
    "TODAY": lambda today: (today, today + _DAY),
    "YESTERDAY": lambda today: (today - _DAY, today),
    "TOMORROW": lambda today: (today + _DAY, today + 2 * _DAY),
    "LAST_90_DAYS": lambda today: (today - 90 * _DAY, today + _DAY),
    "NEXT_90_DAYS": lambda today: (today + _DAY, today + 91 * _DAY),
}


def is_days(text: str) -> bool:
    """Whether this, in upper case, is a date literal."""
    counted = _COUNTED.fullmatch(text)
    if counted:
        return (counted.group(1) == "N") == (counted.group(3) is not None) and len(counted.group(4)) <= 4
    return text in _SINGLE or _NAMED.fullmatch(text) is not None


def days_of(text: str, today: date) -> Span:
    """The days that a date literal stands for.

    Parameters
    ----------
    text
        The literal in upper case; `is_days` holds.
    today
        The present day in the user's time zone.
    """
    if text in _SINGLE:
        return _SINGLE[text](today)
    named = _NAMED.fullmatch(text)
    if named:
        steps = {"LAST": -1, "THIS": 0, "NEXT": 1}[named.group(1)]
        return _start(named.group(2), today, steps), _start(named.group(2), today, steps + 1)
    direction, unit, _, number = _COUNTED.fullmatch(text).groups()  # type: ignore[union-attr]  # is_days holds
    count = int(number)
    if direction == "N":
        return _start(unit, today, -count), _start(unit, today, 1 - count)
    if direction == "NEXT_N":
        return _start(unit, today, 1), _start(unit, today, 1 + count)
    end = 1 if unit == "DAY" else 0
    return _start(unit, today, -count), _start(unit, today, end)


def _start(unit: str, today: date, steps: int) -> date:
    """The first day of the week, month, … that lies so many of them after the present one."""
    if unit == "DAY":
        return today + steps * _DAY
    if unit == "WEEK":
        return today - today.isoweekday() % 7 * _DAY + 7 * steps * _DAY
    size = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    month = today.year * 12 + (today.month - 1) // size * size + steps * size
    return date(min(max(month // 12, 1), 9999), month % 12 + 1, 1)
