"""Writes the configuration reference, `docs/configuration.md`, from the models.

python -m crosswalk.config.reference docs/configuration.md            writes the page
python -m crosswalk.config.reference --check docs/configuration.md    exits 1 when the page is not up to date
"""

import sys
import types
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from importlib.resources import files
from inspect import cleandoc
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from crosswalk.config.file import ConfigFile
from crosswalk.config.keys import sections_within
from crosswalk.config.section import Section
from crosswalk.config.values import Kind, write_duration

Example = dict[str, Any]
"""A piece of YAML, as far as it is written out."""

_CHOSEN_NAMES = {"tenants": "acme", "orgs": "acme", "syncs": "customers", "fields": "LastName"}
"""What the examples use where a user chooses the key."""

_PLACEHOLDERS = {"tenants": "TENANT", "orgs": "ORG", "syncs": "SYNC", "fields": "FIELD"}


def reference_page() -> str:
    """Write the whole page, Markdown."""
    introduction = files(__package__ or "crosswalk.config").joinpath("templates", "reference.md").read_text("utf-8")
    sections = "\n".join(_section_text(path, section) for path, section in walk_sections())
    return f"{introduction.rstrip()}\n\n{sections}"


def walk_sections() -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    """Go through the sections in the order of the page, each with the keys that lead to it.

    A key that the user chooses, or a place in a list, is `*`.
    """
    yield from _walk((), ConfigFile)


def _walk(path: tuple[str, ...], section: type[Section]) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    yield path, section
    for name, field in section.model_fields.items():
        for steps, inner in _sections_below(field.annotation):
            yield from _walk((*path, field.alias or name, *steps), inner)


def _sections_below(annotation: Any) -> Iterator[tuple[tuple[str, ...], type[Section]]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, Union, types.UnionType):
        for argument in arguments:
            yield from _sections_below(argument)
    elif origin in (dict, tuple):
        inner = arguments[1] if origin is dict else arguments[0]
        yield from ((("*", *steps), section) for steps, section in _sections_below(inner))
    else:
        yield from (((), section) for section in sections_within(annotation))


def _section_text(path: tuple[str, ...], section: type[Section]) -> str:
    title = _title(path)
    flow = section.model_fields.get("flow")
    heading = f"`{title}`" if title else "The file"
    if flow is not None:
        heading += f" with `flow: {get_args(flow.annotation)[0]}`"
    rows = [_row(field.alias or name, field) for name, field in section.model_fields.items()]
    example = _as_yaml(_nest(path, section_example(section)))
    return "\n".join(
        [
            f"## {heading}",
            "",
            cleandoc(section.__doc__ or ""),
            "",
            "| Key | Type | Default | Meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            "```yaml",
            example.rstrip(),
            "```",
            "",
        ]
    )


def _title(path: tuple[str, ...]) -> str:
    words: list[str] = []
    for index, step in enumerate(path):
        if step != "*":
            words.append(step)
        elif path[index - 1] in _PLACEHOLDERS:
            words.append(_PLACEHOLDERS[path[index - 1]])
        else:
            words[-1] += "[]"
    return ".".join(words)


def _row(key: str, field: FieldInfo) -> str:
    kind = next((mark.words for mark in field.metadata if isinstance(mark, Kind)), None)
    cells = (f"`{key}`", kind or _type_words(field.annotation), _default_words(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        kind = next((mark.words for mark in arguments[1:] if isinstance(mark, Kind)), None)
        return kind or _type_words(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type_words(part) for part in arguments if part is not types.NoneType))
    if origin in (dict, tuple):
        inner = [_type_words(argument) for argument in arguments if argument is not ...]
        return f"list of {inner[0]}" if origin is tuple else f"mapping of {inner[0]} to {inner[1]}"
    return " or ".join(_value_words(annotation))


def _value_words(annotation: Any) -> Iterator[str]:
    """The values of a type that has few, or its name."""
    if get_origin(annotation) is Literal:
        yield from (f"`{value}`" for value in get_args(annotation))
    elif issubclass(annotation, Enum):
        yield from (f"`{member.value}`" for member in annotation)
    elif issubclass(annotation, Section):
        yield "section"
    else:
        yield {bool: "`true` or `false`", int: "whole number", float: "number"}[annotation]


def _default_words(field: FieldInfo) -> str:
    default = field.default
    if field.is_required():
        return "**required**"
    if default is None or isinstance(default, Section):
        return ""
    if isinstance(default, tuple):
        return f"`[{', '.join(str(_plain(item)) for item in default)}]`"
    plain = _plain(default)
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


def section_example(section: type[Section]) -> Example:
    """Write an example of a section, from the examples and defaults of its keys."""
    example: Example = {}
    for name, field in section.model_fields.items():
        value = _field_example(field.alias or name, field)
        if value is not None:
            example[field.alias or name] = value
    return example


def _field_example(key: str, field: FieldInfo) -> Any:
    if field.examples:
        return field.examples[0]
    for steps, section in _sections_below(field.annotation):
        inner: Any = section_example(section)
        for index in reversed(range(len(steps))):
            inner = {_CHOSEN_NAMES[key]: inner} if key in _CHOSEN_NAMES and index == 0 else [inner]
        return inner
    return None if field.default in (None, PydanticUndefined) else _plain(field.default)


def _nest(path: tuple[str, ...], inner: Example) -> Example:
    """Put an example where it belongs in the file."""
    nested: Any = inner
    for index in reversed(range(len(path))):
        step = path[index]
        if step != "*":
            nested = {step: nested}
        elif path[index - 1] in _CHOSEN_NAMES:
            nested = {_CHOSEN_NAMES[path[index - 1]]: nested}
        else:
            nested = [nested]
    return dict(nested)


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _as_yaml(example: Example) -> str:
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 200
    text = StringIO()
    yaml.dump(example, text)
    return text.getvalue()


def main(arguments: list[str]) -> int:
    """Write or check the page; returns the exit code."""
    names = [argument for argument in arguments if argument != "--check"]
    if len(names) != 1:
        sys.stderr.write("usage: python -m crosswalk.config.reference [--check] docs/configuration.md\n")
        return 2
    page = Path(names[0])
    if "--check" not in arguments:
        page.write_text(reference_page(), encoding="utf-8")
        return 0
    if page.is_file() and page.read_text(encoding="utf-8") == reference_page():
        return 0
    sys.stderr.write(f"{page} is not up to date: run python -m crosswalk.config.reference {page}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
