"""Runs the models over a tree, and turns what they refuse into problems that a person can act on."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crosswalk.config.document import Value
from crosswalk.config.environment import FromEnvironment
from crosswalk.config.file import ConfigFile
from crosswalk.config.findings import Findings, value_at
from crosswalk.config.keys import field_at, keys_at
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath

_QUOTED = re.compile(r"'([^']*)'")

_EXPECTED_KINDS: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "string_type": "text; numbers, true and false in quotes",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
    "tuple_type": "a list (- item)",
}

_EXPECTED_TEXTS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_-]{0,62}$": "a name of lower-case letters, digits, - and _ that starts with a letter",
    r"^[A-Za-z][A-Za-z0-9_]*$": "a Salesforce API name, such as LastName or Loyalty_Level__c",
    r"\S": "a JavaScript expression",
}


def validate(tree: Value, folder: Path, findings: Findings) -> ConfigFile | None:
    """Validate the whole tree; every refusal is added to `findings`, and `None` returned if there was one.

    Parameters
    ----------
    tree
        The configuration as plain values.
    folder
        Where relative paths in it start.
    findings
        Receives the problems.
    """
    try:
        return ConfigFile.model_validate(tree, context={"folder": folder})
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False, include_input=False)
    unknown = {
        path: nearest_name(str(path[-1]), keys_at(path[:-1], tree), _absent(path[:-1], tree))
        for path in (_path_of(error, tree) for error in errors if error["type"] == "extra_forbidden")
    }
    meant = {(*path[:-1], name) for path, name in unknown.items()}
    for error in errors:
        path = _path_of(error, tree)
        if error["type"] == "extra_forbidden":
            names = ", ".join(keys_at(path[:-1], tree))
            findings.add(path, f"unknown key {path[-1]}", f"one of: {names}", unknown[path])
        elif error["type"] != "missing":
            if not findings.has(path):  # one mistake, one message
                _add(error, path, tree, findings)
        elif path not in meant:  # otherwise the mistyped key is reported already
            findings.add(path, f"{path[-1]} is missing", _first_sentence(field_at(path, tree)))
    return None


def _add(error: ErrorDetails, path: KeyPath, tree: Value, findings: Findings) -> None:
    kind, context = error["type"], error.get("ctx", {})
    found = _found(value_at(tree, path))
    match kind:
        case "wrong_value":
            findings.add_value(path, str(context["message"]), str(context["expected"]))
        case "enum" | "literal_error":
            allowed = _QUOTED.findall(str(context["expected"])) or [str(context["expected"])]
            near = nearest_name(str(value_at(tree, path)), allowed)
            findings.add_value(path, f"{found} is not allowed here", f"one of: {', '.join(allowed)}", near)
        case "union_tag_invalid":
            _add_wrong_tag(path, tree, context, findings)
        case "union_tag_not_found":
            _add_missing_tag(path, tree, findings)
        case "greater_than" | "greater_than_equal" | "less_than_equal":
            words = {"gt": "more than {}", "ge": "{} or more", "le": "{} or less"}
            bound = next(text.format(context[name]) for name, text in words.items() if name in context)
            findings.add_value(path, f"{found} is out of range", bound)
        case "too_short" if value_at(tree, path):
            return  # pydantic counts only the entries that are right, and the others are reported themselves
        case "too_short":
            findings.add(path, f"{path[-1]} is empty", "at least one entry")
        case "string_too_short":
            findings.add_value(path, f"{path[-1]} is empty", _first_sentence(field_at(path, tree)))
        case "string_pattern_mismatch":
            _add_wrong_text(error, path, context, findings)
        case _ if kind in _EXPECTED_KINDS:
            findings.add_value(path, _wrong_kind(value_at(tree, path)), _EXPECTED_KINDS[kind])
        case _:
            findings.add_value(path, error["msg"])


def _add_wrong_tag(path: KeyPath, tree: Value, context: Mapping[str, Any], findings: Findings) -> None:
    tag_path = (*path, str(context["discriminator"]).strip("'"))
    allowed = _QUOTED.findall(str(context["expected_tags"]))
    near = nearest_name(str(context["tag"]), allowed)
    found = _found(value_at(tree, tag_path))
    findings.add_value(tag_path, f"{found} is not allowed here", f"one of: {', '.join(allowed)}", near)


def _add_missing_tag(path: KeyPath, tree: Value, findings: Findings) -> None:
    """A section whose kind is not said: the key may be mistyped, and then its other keys cannot be judged yet."""
    written = value_at(tree, path)
    keys = keys_at(path, tree)
    strangers = [key for key in written if key not in keys] if isinstance(written, dict) else []
    for key in strangers:
        near = nearest_name(key, keys, _absent(path, tree))
        findings.add((*path, key), f"unknown key {key}", f"one of: {', '.join(keys)}", near)
        if near == "flow":
            return
    findings.add((*path, "flow"), "flow is missing", "flow: client_credentials or flow: jwt_bearer")


def _add_wrong_text(error: ErrorDetails, path: KeyPath, context: Mapping[str, Any], findings: Findings) -> None:
    expected = _EXPECTED_TEXTS.get(str(context["pattern"]), str(context["pattern"]))
    if error["loc"][-1] == "[key]":
        findings.add(path, f"{path[-1]} is not a valid name", expected)
    else:
        findings.add_value(path, f"the value of {path[-1]} has the wrong form", expected)


def _path_of(error: ErrorDetails, tree: Value) -> KeyPath:
    """Pydantic's location, without the steps that name a union's alternative: the user did not write those."""
    return tuple(_written_steps(error, tree))


def _written_steps(error: ErrorDetails, tree: Value) -> Iterator[str | int]:
    node = tree
    last = len(error["loc"]) - 1
    for index, step in enumerate(error["loc"]):
        if isinstance(node, dict) and step in node:
            node = node[str(step)]
            yield step
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
            yield step
        elif index == last and error["type"] == "missing" and isinstance(node, dict):
            yield step


def _absent(path: KeyPath, tree: Value) -> list[str]:
    """The valid keys of a section that are not written: likelier than the others to be what was meant."""
    written = value_at(tree, path)
    return [key for key in keys_at(path, tree) if not isinstance(written, dict) or key not in written]


def _found(value: Value) -> str:
    """The written value, where it is short and cannot have come out of the environment."""
    if isinstance(value, FromEnvironment | dict | list):
        return "the value"
    text = "true" if value is True else "false" if value is False else str(value)
    return text if 0 < len(text) <= 40 else "the value"


def _wrong_kind(value: Value) -> str:
    match value:
        case None:
            return "there is no value"
        case bool():
            return "this is true or false"
        case int() | float():
            return "this is a number"
        case str():
            return "this is text"
        case list():
            return "this is a list"
        case _:
            return "this is a mapping"


def _first_sentence(description: str) -> str:
    sentence = description.partition(". ")[0].partition("; ")[0].rstrip(".")
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]
