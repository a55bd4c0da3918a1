"""`${NAME}` and `${NAME:-default}` inside the strings of a configuration.

Expressions are left as they are: in JavaScript, `${...}` belongs to template literals.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from crosswalk.config.document import Value
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_CONTENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)

Report = Callable[[KeyPath, str, str, str | None], None]
"""Takes the path, the message, what was expected and the nearest name of a mistake."""


class FromEnvironment(str):
    """Text that came, whole or in part, from environment variables.

    `written_default` tells that a non-empty default in the file was used for some of it, which a secret must not do.
    """

    __slots__ = ("written_default",)

    def __new__(cls, text: str, written_default: bool) -> "FromEnvironment":
        """Make the text, and remember where it came from."""
        made = super().__new__(cls, text)
        made.written_default = written_default
        return made

    written_default: bool


def fill_in(value: Value, environ: Mapping[str, str], report: Report) -> Value:
    """Replace every `${...}` in a tree; a variable that is not set is reported and stays as written."""
    return _fill_in(value, (), environ, report)


def is_expression(path: KeyPath) -> bool:
    """Whether the string at this path is JavaScript: a sync's filter, a mapped value, a match rule's value or when."""
    match path:
        case ("syncs", _, "filter"):
            return True
        case ("syncs", _, "targets", _, "fields", _, *_):
            return True
        case ("syncs", _, "targets", _, "match", _, "value" | "when"):
            return True
        case _:
            return False


def _fill_in(value: Value, path: KeyPath, environ: Mapping[str, str], report: Report) -> Value:
    if isinstance(value, dict):
        return {key: _fill_in(child, (*path, key), environ, report) for key, child in value.items()}
    if isinstance(value, list):
        return [_fill_in(child, (*path, index), environ, report) for index, child in enumerate(value)]
    if isinstance(value, str) and "${" in value and not is_expression(path):
        return _fill_in_text(value, path, environ, report)
    return value


def _fill_in_text(text: str, path: KeyPath, environ: Mapping[str, str], report: Report) -> str:
    parts: list[str] = []
    used_default = False
    end = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found.group() == "$${":  # the way to write ${ itself
            parts.append("${")
            continue
        content = _CONTENT.fullmatch(found[1]) if found[2] else None
        if content is None:
            report(path, "this ${ is not followed by a variable's name and }", "${NAME} or ${NAME:-default}", None)
            continue
        name, default = content[1], content[2]
        current = environ.get(name, "")
        if current or (name in environ and default is None):
            parts.append(current)
        elif default is not None:
            used_default = used_default or bool(default)
            parts.append(default)
        else:
            near = nearest_name(name, _names_like(name, environ))
            report(path, f"the environment variable {name} is not set", f"{name} to be set", near)
            parts.append(found.group())
    parts.append(text[end:])
    return FromEnvironment("".join(parts), used_default)


def _names_like(name: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Variables whose names are near enough that the missing one may be a slip: same length give or take two."""
    return (other for other in environ if abs(len(other) - len(name)) <= 2)
