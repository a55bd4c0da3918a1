"""Which keys the models know at a place of the tree."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from crosswalk.config.document import Value
from crosswalk.config.file import ConfigFile
from crosswalk.config.findings import value_at
from crosswalk.config.problem import KeyPath
from crosswalk.config.section import Section


def keys_at(path: KeyPath, tree: Value) -> list[str]:
    """List the valid keys of the section at `path`, in the order of the reference."""
    names = (field.alias or name for section in _sections(path, tree) for name, field in section.model_fields.items())
    return list(dict.fromkeys(names))


def field_at(path: KeyPath, tree: Value) -> str:
    """Give the description of the key at `path`, or `""` when it has none."""
    for section in _sections(path[:-1], tree):
        field = _field_named(section, path[-1])
        if field is not None and field.description:
            return field.description
    return ""


def sections_within(annotation: Any) -> Iterator[type[Section]]:
    """The sections that a type is made of, directly or as alternatives of a union."""
    if get_origin(annotation) in (Annotated, Union, types.UnionType):
        for part in get_args(annotation):
            yield from sections_within(part)
    elif isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation


def _sections(path: KeyPath, tree: Value) -> list[type[Section]]:
    annotations: list[Any] = [ConfigFile]
    for index, key in enumerate(path):
        sections = _agreeing(annotations, value_at(tree, path[:index]))
        annotations = [*_below_sections(sections, key), *_below_containers(annotations)]
    return _agreeing(annotations, value_at(tree, path))


def _below_sections(sections: list[type[Section]], key: str | int) -> Iterator[Any]:
    for section in sections:
        field = _field_named(section, key)
        if field is not None:
            yield field.annotation


def _below_containers(annotations: list[Any]) -> Iterator[Any]:
    for annotation in annotations:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin in (Annotated, Union, types.UnionType):
            yield from _below_containers(list(arguments))
        elif origin is dict:
            yield arguments[1]
        elif origin is tuple:
            yield arguments[0]


def _agreeing(annotations: list[Any], written: Value) -> list[type[Section]]:
    """The sections among these types; of several, those whose `flow` is the written one, if there are any."""
    sections = [section for annotation in annotations for section in sections_within(annotation)]
    if len(sections) < 2 or not isinstance(written, dict):
        return sections
    agreeing = [
        section
        for section in sections
        if "flow" in section.model_fields and written.get("flow") in get_args(section.model_fields["flow"].annotation)
    ]
    return agreeing or sections


def _field_named(section: type[Section], key: str | int) -> FieldInfo | None:
    for name, field in section.model_fields.items():
        if key == (field.alias or name):
            return field
    return None
