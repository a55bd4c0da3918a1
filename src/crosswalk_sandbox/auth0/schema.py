"""Checks request bodies the way the Management API does, with its sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk_sandbox.auth0.problems import invalid_body, invalid_property

EMAIL_SHAPE = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
PHONE_SHAPE = re.compile(r"^\+[0-9]{1,15}$")

JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    str: "string",
    dict: "object",
    list: "array",
    int: "integer",
    float: "number",
}


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a request body.

    Attributes
    ----------
    kind : type
        The Python type of the JSON value.
    meaning : str
        The description that the vendor repeats in its error messages.
    nullable : bool
        Whether JSON null is allowed (it then removes the value).
    pattern : re.Pattern or None
        What a string must match; `shape` names it in the message.
    """

    kind: type
    meaning: str
    nullable: bool = False
    pattern: re.Pattern[str] | None = None
    shape: str = ""
    choices: tuple[str, ...] = ()
    max_length: int | None = None


def json_type(value: object) -> str:
    """Return JSON's name for the type of `value`."""
    if value is None:
        return "null"
    return JSON_TYPES.get(type(value), "string")


def check_body(body: object, properties: Mapping[str, Property], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `body` when it obeys `properties`.

    Raises
    ------
    Problem
        400 ``invalid_body``, naming the property and what was expected.
    """
    if not isinstance(body, dict):
        raise invalid_body(f"Expected type object but found type {json_type(body)}")
    for name in required:
        if name not in body:
            raise invalid_property(f"Missing required property: {name}", name, properties[name].meaning)
    unknown = [name for name in body if name not in properties]
    if unknown:
        raise invalid_body(f"Additional properties not allowed: {','.join(unknown)}")
    for name, value in body.items():
        check_property(name, value, properties[name])
    return body


def check_property(name: str, value: object, rule: Property) -> None:
    """Raise the vendor's error when `value` does not obey `rule`."""
    if value is None and rule.nullable:
        return
    if type(value) is not rule.kind and not (rule.kind is float and type(value) is int):
        found = f"Expected type {JSON_TYPES[rule.kind]} but found type {json_type(value)}"
        raise invalid_property(found, name, rule.meaning)
    if not isinstance(value, str):
        return
    if rule.pattern is not None and not rule.pattern.match(value):
        raise invalid_property(f"Object didn't pass validation for format {rule.shape}: {value}", name, rule.meaning)
    if rule.choices and value not in rule.choices:
        raise invalid_property(f"No enum match for: {value}", name, rule.meaning)
    if rule.max_length is not None and len(value) > rule.max_length:
        found = f"String is too long ({len(value)} chars), maximum {rule.max_length}"
        raise invalid_property(found, name, rule.meaning)
