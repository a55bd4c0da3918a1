"""Where two JSON documents differ in their keys and in the types of their values."""

from collections.abc import Iterator
from typing import Any

# What entries of these lists are found by; entries of other lists stand in their order.
KEYS = {
    "fields": ("name",),
    "sobjects": ("name",),
    "childRelationships": ("childSObject", "field"),
    "recordTypeInfos": ("developerName",),
    "supportedScopes": ("name",),
}


def differences(recorded: Any, own: Any, path: str = "$") -> Iterator[str]:
    """One line for each place: a key that is lacking or too much, or a value of another type.

    A null stands for a value of any type. A list's entries are compared with those that have the same key or place; a
    list in which only the recording, or only the sandbox, has entries has no types to compare.
    """
    if recorded is None or own is None:
        return
    if isinstance(recorded, dict) and isinstance(own, dict):
        for name in recorded.keys() - own.keys():
            yield f"{path}.{name} lacking"
        for name in own.keys() - recorded.keys():
            yield f"{path}.{name} too much"
        for name in recorded.keys() & own.keys():
            yield from differences(recorded[name], own[name], f"{path}.{name}")
    elif isinstance(recorded, list) and isinstance(own, list):
        yield from _of_lists(recorded, own, path)
    elif kind(recorded) != kind(own):
        yield f"{path} is {kind(own)}, recorded {kind(recorded)}"


def _of_lists(recorded: list[Any], own: list[Any], path: str) -> Iterator[str]:
    keys = KEYS.get(path.rpartition(".")[2])
    if keys is None or not all(isinstance(each, dict) for each in (*recorded, *own)):
        for number, (one, other) in enumerate(zip(recorded, own, strict=False)):
            yield from differences(one, other, f"{path}[{number}]")
        return
    theirs = {tuple(each[key] for key in keys): each for each in recorded}
    ours = {tuple(each[key] for key in keys): each for each in own}
    for name in theirs.keys() - ours.keys():
        yield f"{path}[{'.'.join(map(str, name))}] lacking"
    for name in ours.keys() - theirs.keys():
        yield f"{path}[{'.'.join(map(str, name))}] too much"
    for name in theirs.keys() & ours.keys():
        yield from differences(theirs[name], ours[name], f"{path}[{'.'.join(map(str, name))}]")


def kind(value: Any) -> str:
    """The JSON type; whole and broken numbers are one."""
    if isinstance(value, bool):
        return "boolean"
    return {int: "number", float: "number", str: "text", list: "list", dict: "object"}[type(value)]
