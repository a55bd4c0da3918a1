"""What a PATCH of the standard does to a resource (RFC 7644, 3.5.2), and the filters of a search."""

from __future__ import annotations

import copy
import re
from typing import Any

from crosswalk_sandbox.auth0.scim.errors import ScimError

MEMBER_FILTER = re.compile(r'^members\[value eq "(?P<value>[^"]+)"\]$')
EQUALS = re.compile(r'^(?P<path>[\w.]+) eq "(?P<value>[^"]*)"$', re.IGNORECASE)


def patched(resource: dict[str, Any], body: object) -> dict[str, Any]:
    """Return a resource after the operations of a request.

    Understood are whole attributes and dotted ones, and one member of a group by its value.

    Raises
    ------
    ScimError
        400 for a request that is no list of operations, or names a path that is not understood.
    """
    operations = body.get("Operations") if isinstance(body, dict) else None
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise ScimError(400, "Expected an array of Operations", "invalidSyntax")
    result = copy.deepcopy(resource)
    for operation in operations:
        verb, path, value = str(operation.get("op", "")).lower(), operation.get("path"), operation.get("value")
        if verb not in {"add", "replace", "remove"}:
            raise ScimError(400, f"Unknown operation: {operation.get('op')}", "invalidSyntax")
        if path is None:
            if not isinstance(value, dict):
                raise ScimError(400, "An operation without path needs an object as value", "invalidValue")
            for name, item in value.items():
                apply(result, verb, name, item)
        else:
            apply(result, verb, str(path), value)
    return result


def apply(resource: dict[str, Any], verb: str, path: str, value: Any) -> None:
    """Change one attribute of a resource in place."""
    one_member = MEMBER_FILTER.match(path)
    if one_member is not None:
        gone = one_member["value"]
        resource["members"] = [one for one in resource.get("members", []) if one.get("value") != gone]
        return
    if not re.fullmatch(r"[\w.]+", path):
        raise ScimError(400, f"Path is not supported: {path}", "invalidPath")
    *parents, name = path.split(".")
    target = resource
    for parent in parents:
        target = target.setdefault(parent, {})
    if verb == "remove" and name == "members" and isinstance(value, list):
        gone_values = {one.get("value") for one in value}
        target[name] = [one for one in target.get(name, []) if one.get("value") not in gone_values]
    elif verb == "remove":
        target.pop(name, None)
    elif verb == "add" and isinstance(target.get(name), list) and isinstance(value, list):
        target[name] = [*target[name], *(one for one in value if one not in target[name])]
    else:
        # Some directories write booleans as text.
        target[name] = {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def matches(resource: dict[str, Any], expression: str) -> bool:
    """Tell whether a resource passes a filter: ``attribute eq "value"``, several joined by ``and``."""
    for part in re.split(r"\s+and\s+", expression, flags=re.IGNORECASE) if expression else ():
        condition = EQUALS.match(part.strip())
        if condition is None:
            raise ScimError(400, f"Filter is not supported: {part}", "invalidFilter")
        found: Any = resource
        for name in condition["path"].split("."):
            found = found[0] if isinstance(found, list) and found else found
            found = found.get(name) if isinstance(found, dict) else None
        if str(found).lower() != condition["value"].lower():
            return False
    return True
