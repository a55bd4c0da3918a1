"""Whether what came of a case is what was expected, and if not, in what it differs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from crosswalk.cases.case import Case
from crosswalk.cases.observing import WRITES, observe, places
from crosswalk.cases.running import Outcome
from crosswalk.config.problem import KeyPath, dotted
from crosswalk.domain.place import Place

NOTHING = "nothing"
"""The word for a part that must not be there."""

_TEXTS = ("waits", "message", "because", "problem", "errors")
"""What is for people: a case expects a part of it."""

_BY_NAME = ("record", "user", "disputed", "errors")
"""The parts that go by names of fields."""


class Difference(Struct, frozen=True):
    """One thing that came otherwise.

    Parameters
    ----------
    what
        Where in the expectations: `record.Email`.
    expected, got
        In words; a text as JSON.
    place
        The line of the case.
    mapping
        The line of the configuration that it came from, where there is one.
    """

    what: str
    expected: str
    got: str
    place: Place
    mapping: Place | None = None


def compare(case: Case, outcome: Outcome) -> tuple[Difference, ...]:
    """The differences between what a case expects and what came of it; none where it passes."""
    return tuple(_Comparison(case, outcome).differences())


class _Comparison:
    def __init__(self, case: Case, outcome: Outcome) -> None:
        self._case = case
        self._got = observe(outcome.plan)
        self._mappings = places(outcome.plan)

    def differences(self) -> Iterator[Difference]:
        for name, wanted in self._case.expect.items():
            yield from self._part(name, wanted, self._got.get(name))
        if self._case.only:
            yield from self._unexpected()

    def _part(self, name: str, wanted: Any, got: Any) -> Iterator[Difference]:
        if wanted == NOTHING:
            if got is not None:
                yield self._difference((name,), NOTHING, _brief(got))
        elif name in _BY_NAME and isinstance(wanted, Mapping):
            yield from self._named(name, wanted, got or {})
        elif name == "effects":
            yield from self._steps(wanted, got or [])
        elif isinstance(wanted, Mapping):
            for key, value in wanted.items():
                inner = got.get(key) if isinstance(got, Mapping) else None
                if not agrees(value, inner, key):
                    yield self._difference((name, key), _shown(value), _shown(inner))
        elif isinstance(wanted, list) and isinstance(got, list) and not self._case.only:
            for value in wanted:
                if value not in got:
                    yield self._difference((name,), f"{_shown(value)} among them", _shown(got))
        elif not agrees(wanted, False if got is None and wanted is False else got, name):
            yield self._difference((name,), _shown(wanted), NOTHING if got is None else _shown(got))

    def _named(self, part: str, wanted: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[Difference]:
        for field, value in wanted.items():
            if value == {"written": False}:
                if field in got:
                    yield self._difference((part, field), NOTHING, _field_shown(got[field]))
            elif field not in got:
                yield self._difference((part, field), _field_shown(value), NOTHING)
            elif not _field_agrees(part, value, got[field]):
                yield self._difference((part, field), _field_shown(value), _field_shown(got[field]))
        if self._case.only:
            for field in [each for each in got if each not in wanted]:
                yield self._difference((part, field), NOTHING, _field_shown(got[field]))

    def _steps(self, wanted: Sequence[Any], got: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
        left = list(got)
        for index, value in enumerate(wanted):
            step = _as_step(value)
            found = next((each for each in left if agrees(step, each, "effects")), None)
            if found is None:
                key = next(iter(step.values()), "")
                near = next((each for each in left if key in each.values()), None)
                shown = _shown(near) if near is not None else _steps_shown(left)
                yield self._difference(("effects", index), _shown(value), shown)
                left = [each for each in left if each is not near]
            else:
                left.remove(found)
        if self._case.only:
            for each in left:
                key = next(iter(each.values()))
                yield self._difference(("effects", key), NOTHING, _shown(each))

    def _unexpected(self) -> Iterator[Difference]:
        for name in WRITES:
            if name in self._case.expect or name not in self._got:
                continue
            if name in ("creates", "updates") and ("record" in self._got):
                continue  # told with its fields
            got = self._got[name]
            if isinstance(got, Mapping) and name in _BY_NAME:
                yield from self._named(name, {}, got)
            else:
                yield self._difference((name,), NOTHING, _brief(got))

    def _difference(self, path: KeyPath, expected: str, got: str) -> Difference:
        mapping = self._mappings.get((str(path[0]), str(path[-1])))
        return Difference(dotted(path), expected, got, self._case.place_of(path), mapping)


def agrees(wanted: Any, got: Any, name: str = "") -> bool:
    """Whether a value is as expected: of a mapping only the keys that are written, of a text for people a part."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            key in got and agrees(value, got[key], key) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(got, list)
            and len(wanted) == len(got)
            and all(agrees(a, b, name) for a, b in zip(wanted, got, strict=True))
        )
    if name in _TEXTS and isinstance(wanted, str) and isinstance(got, str):
        return wanted in got
    return bool(wanted == got) and isinstance(wanted, bool) == isinstance(got, bool)


def _field_agrees(part: str, wanted: Any, got: Any) -> bool:
    if isinstance(wanted, Mapping) or part == "errors":
        return agrees(wanted, got, part)
    return agrees(wanted, got.get("new") if isinstance(got, Mapping) else got)


def _as_step(written: Any) -> Mapping[str, Any]:
    """`do role/auth0|ada/gold` is short for `{do: role/auth0|ada/gold}`."""
    if isinstance(written, str):
        verb, _, key = written.partition(" ")
        return {verb: key}
    step: Mapping[str, Any] = written
    return step


def _field_shown(value: Any) -> str:
    """A field in one line: the value first, then why."""
    if not isinstance(value, Mapping):
        return _shown(value)
    if "new" not in value:
        return _shown(value)
    about = [str(value["reason"])] if "reason" in value else []
    if "old" in value:
        about.append(f"was {_shown(value['old'])}")
    if "by" in value:
        about.append(f"by {value['by']}")
    return _shown(value["new"]) + (f"  ({', '.join(about)})" if about else "")


def _steps_shown(steps: Sequence[Mapping[str, Any]]) -> str:
    """Steps by what is done and the key, when none of them is the one that was wanted."""
    names = [" ".join(map(str, next(iter(each.items())))) for each in steps]
    return ", ".join(names) or NOTHING


def _brief(value: Any) -> str:
    return ", ".join(value) if isinstance(value, Mapping) else _shown(value)


def _shown(value: Any) -> str:
    return "(empty)" if value is None else json.dumps(value, ensure_ascii=False)
