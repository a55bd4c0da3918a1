"""Expressions that only pick a value out of the user, evaluated without QuickJS: most of a mapping are no more.

`user.name`, `user.app_metadata?.plan ?? 'free'`, `user.created_at.slice(0, 10)`: handing a user over to QuickJS costs
several times what these do. They give what QuickJS gives, or say that they are not sure: where a value is not quite
plain (a fraction, an object, a property of a text), or JavaScript would throw, the user is evaluated by QuickJS as a
whole.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET

from crosswalk.expressions import limits
from crosswalk.expressions.results import NO_OPINION, Row
from crosswalk.expressions.sandbox import Expression

_BLANK = r"[ \t\r\n]*"
_NAME = r"[A-Za-z_$][A-Za-z0-9_$]*"
_PATH = rf"user(?:{_BLANK}\??\.{_BLANK}{_NAME})+"
_LITERAL = r"""'[^'\\\r\n]*'|"[^"\\\r\n]*"|true|false|null|undefined|0|[1-9][0-9]{0,14}"""
_OPERAND = re.compile(rf"{_BLANK}(?:(?P<path>{_PATH})|(?P<literal>{_LITERAL})){_BLANK}(?P<next>\?\?|\Z)")
_CUT = re.compile(
    rf"{_BLANK}(?P<path>{_PATH}){_BLANK}\.{_BLANK}slice{_BLANK}"
    rf"\({_BLANK}(?P<start>0|[1-9][0-9]{{0,5}}){_BLANK},{_BLANK}(?P<end>0|[1-9][0-9]{{0,5}}){_BLANK}\){_BLANK}\Z"
)
_STEP = re.compile(rf"(?P<dot>\??\.){_BLANK}(?P<name>{_NAME})")
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "undefined": UNSET}

_OF_EVERY_OBJECT: Final = frozenset(
    {
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    }
)
"""What an object has without having it in JSON; so is everything that begins with two underscores."""

_LARGEST_INTEGER: Final = 2**53 - 1
_LONGEST_TEXT: Final = limits.TEXT_CHARACTERS // 2
"""In code points, of which JavaScript counts some as two."""

_UNSURE: Final = object()
_NOTHING: Final = -1
"""Where `None` stands among the sources."""


class _Operand(NamedTuple):
    """Where a value begins: at a member of the user or, counted from the end, at a constant; and the steps from there.

    A step is a name, and whether there may be nothing before it.
    """

    at: int
    steps: tuple[tuple[str, bool], ...] = ()


_Operands: TypeAlias = tuple[_Operand, ...]
"""What stands between `??`: the first that is there is the value, and otherwise the last."""


class _Pick(NamedTuple):
    """An expression, and the condition under which it is evaluated; there is none where that is empty.

    `cut` is the part of the text that is taken, where not all of it is.
    """

    first: _Operand
    others: _Operands
    condition: _Operands
    cut: slice | None = None

    @property
    def is_direct(self) -> bool:
        """Whether it is a member of the user, or a constant, as it stands there."""
        return not (self.first.steps or self.others or self.condition or self.cut is not None)


class Picks:
    """Those of some expressions that only pick a value.

    Parameters
    ----------
    expressions
        All expressions of a program.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        sources = _Sources({}, [None])
        picks = [_compile(expression, sources) for expression in expressions]
        names = {f"m{position}": member for member, position in sources.members.items()}
        user = msgspec.defstruct("User", [(name, Any, UNSET) for name in names], rename=names)
        self._decode = msgspec.json.Decoder(user).decode
        self._constants = tuple(reversed(sources.constants))
        self._firsts = [_NOTHING if pick is None else pick.first.at for pick in picks]
        self._longer = [(place, pick) for place, pick in enumerate(picks) if pick is not None and not pick.is_direct]
        self.others = tuple(position for position, pick in enumerate(picks) if pick is None)
        """The positions of the expressions that do more."""

    def row(self, profile: bytes, count: int) -> Row | None:
        """The results of the first `count` expressions over a user, `None` in the place of those that do more.

        Returns `None` where it is not sure that these are what QuickJS would give, or whether this is a user.
        """
        try:
            sources = (*msgspec.structs.astuple(self._decode(profile)), *self._constants)
            if not profile.isascii():
                profile.decode()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        row: list[Any] = [sources[at] for at in self._firsts[:count]]
        for place, ((_, steps), others, condition, cut) in self._longer:
            if place >= count:
                break
            value: Any = row[place]
            for name, optional in steps:
                if value.__class__ is not dict:
                    value = _of_no_object(value, optional)
                    break
                value = value.get(name, UNSET)
            if condition and (holds := _first_there(condition, UNSET, sources)) is not True:
                value = UNSET if holds is False or holds is None or holds is UNSET else _UNSURE
            elif cut is not None:
                value = _cut(value, cut)
            elif others and (value is None or value is UNSET):
                value = _first_there(others, value, sources)
            row[place] = value
        return _all_checked(row)


class _Sources(NamedTuple):
    """The members of the user, with their positions, and the constants that expressions need."""

    members: dict[str, int]
    constants: list[Any]


def _compile(expression: Expression, sources: _Sources) -> _Pick | None:
    """The expression as a pick; `None` where it does more."""
    if expression.scope != "user":
        return None
    found = _CUT.match(expression.text)
    operands = _operands(found["path"] if found else expression.text, sources)
    cut = slice(int(found["start"]), int(found["end"])) if found else None
    condition = () if expression.condition is None else _operands(expression.condition, sources)
    if operands is None or condition is None:
        return None
    return _Pick(operands[0], operands[1:], condition, cut)


def _operands(text: str, sources: _Sources) -> _Operands | None:
    operands: list[_Operand] = []
    position, goes_on = 0, True
    while goes_on:
        found = _OPERAND.match(text, position)
        operand = None if found is None else _operand(found["path"], found["literal"], sources)
        if found is None or operand is None:
            return None
        operands.append(operand)
        position, goes_on = found.end(), bool(found["next"])
    return tuple(operands)


def _operand(path: str | None, literal: str, sources: _Sources) -> _Operand | None:
    if path is None:
        sources.constants.append(_literal(literal))
        return _Operand(-len(sources.constants))
    steps = [(name, dot == "?.") for dot, name in _STEP.findall(path)]
    if any(name in _OF_EVERY_OBJECT or name.startswith("__") for name, _ in steps):
        return None
    (member, _), *rest = steps
    return _Operand(sources.members.setdefault(member, len(sources.members)), tuple(rest))


def _literal(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return text[1:-1] if text[0] in "'\"" else int(text)


def _first_there(operands: _Operands, value: Any, sources: Sequence[Any]) -> Any:
    for at, steps in operands:
        if value is not None and value is not UNSET:
            break
        value = _follow(sources[at], steps)
    return value


def _follow(value: Any, steps: Sequence[tuple[str, bool]]) -> Any:
    for name, optional in steps:
        if value.__class__ is not dict:
            return _of_no_object(value, optional)
        value = value.get(name, UNSET)
    return value


def _of_no_object(value: Any, optional: bool) -> Any:
    """What a step comes to where there is no object: of nothing, if it is optional, nothing; and so is all the rest."""
    return UNSET if optional and (value is None or value is UNSET) else _UNSURE


def _cut(value: Any, cut: slice) -> Any:
    """The part of a text; beyond ASCII, JavaScript may count otherwise."""
    return value[cut] if value.__class__ is str and value.isascii() else _UNSURE


def _all_checked(row: list[Any]) -> Row | None:
    """The row with each value as a result of an expression; nothing where one of them is not sure."""
    for place, value in enumerate(row):
        if value is UNSET:
            row[place] = NO_OPINION
        elif value.__class__ is not str or len(value) > _LONGEST_TEXT:  # most are texts
            row[place] = checked = _checked(value)
            if checked is _UNSURE:
                return None
    return row


def _checked(value: Any) -> Any:
    """The value as a result of an expression."""
    kind = value.__class__
    if kind is int:
        plain = -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
    elif kind is list:
        plain = len(value) <= limits.LIST_ITEMS and all(map(_is_text, value))
        value = value or None  # an empty list clears the field
    else:
        plain = value is None or kind is bool
    return value if plain else _UNSURE


def _is_text(value: Any) -> bool:
    return value.__class__ is str and len(value) <= _LONGEST_TEXT
