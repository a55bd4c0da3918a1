"""Tells expressions that certainly cannot change the user from those that perhaps could.

Freezing a user costs more than evaluating 15 expressions over it, and most expressions only read. So the text is
compared with what is known to be harmless: literals, property reads, operators without assignment, and calls of a few
methods that change nothing. Everything else, known or unknown, counts as not plain, and makes the sandbox freeze each
user.
"""

import re
from typing import Final

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<literal>'[^'\\\n]*'|"[^"\\\n]*"|\d+(?:\.\d+)?(?![\w$.]))
  | (?P<template>`(?:[^`\\$]|\$(?!\{)|\$\{[^`{}]*\})*`)
  | (?P<word>[A-Za-z_$][\w$]*)
  | (?P<operator>\?\.|===|!==|==|!=|<=|>=|&&|\|\||\?\?|[.()\[\],?:!<>+*%-])
    """,
    re.VERBOSE | re.ASCII,
)
# No `/`: in a regular expression, a quote would hide what stands between it and the next one. And these would be taken
# apart into harmless operators, but assign.
_ASSIGNS = re.compile(r"\+\+|--|>>|<<")
_INNER = re.compile(r"\$\{([^`{}]*)\}")

_ROOTS: Final = frozenset({"user", "true", "false", "null", "undefined", "String", "Number", "Boolean"})
_CALLABLE_ROOTS: Final = frozenset({"String", "Number", "Boolean"})
_METHODS: Final = frozenset(
    {
        "at",
        "charAt",
        "concat",
        "endsWith",
        "includes",
        "indexOf",
        "join",
        "lastIndexOf",
        "normalize",
        "padEnd",
        "padStart",
        "replace",
        "replaceAll",
        "slice",
        "split",
        "startsWith",
        "substring",
        "toFixed",
        "toLowerCase",
        "toString",
        "toUpperCase",
        "trim",
        "trimEnd",
        "trimStart",
    }
)
_ENDS_A_VALUE: Final = frozenset({"literal", "template", "word"})


def is_plain(text: str) -> bool:
    """Whether the expression only reads: `True` is certain, `False` means perhaps not."""
    if _ASSIGNS.search(text):
        return False
    kind, last, callable_ = "", "", False
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return False
        position = match.end()
        piece, now = match.group(), str(match.lastgroup)
        if now == "blank":
            continue
        ends_value = kind in _ENDS_A_VALUE or last in (")", "]")
        if now == "word":
            is_property = last in (".", "?.")
            if not is_property and piece not in _ROOTS:
                return False
            callable_ = piece in (_METHODS if is_property else _CALLABLE_ROOTS)
        elif now == "template":
            # After a value it would be a tagged template, which is a call.
            if ends_value or not all(map(is_plain, _INNER.findall(piece))):
                return False
        elif piece == "(" and (last == "?." or (ends_value and not (kind == "word" and callable_))):
            return False
        kind, last = now, piece
    return True
