"""A YAML file as plain values, with the line of each, and with every mistake in its form.

Works on the nodes that ruamel.yaml composes rather than on loaded objects: its loaders stop at the first duplicate
key, while a user wants to hear of all of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from crosswalk.config.problem import KeyPath, Problem, dotted
from crosswalk.domain.place import Place

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
"""Anything that a YAML file can hold here."""

MOST_VALUES = 100_000
"""More values than any hand-written file has; stops files whose aliases multiply without end."""

_TAG = "tag:yaml.org,2002:"


class Document:
    """What one file says.

    Parameters
    ----------
    file
        How messages name the file.

    Attributes
    ----------
    value
        The file's content as plain Python values.
    places
        The line of each key (or list item), by path.
    value_places
        The line on which each value starts, by path; differs from `places` for a value on the line after its key.
    problems
        The mistakes in the file's form: syntax, keys written twice, tags.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.value: Value = None
        self.places: dict[KeyPath, Place] = {(): Place(file, 1)}
        self.value_places: dict[KeyPath, Place] = {(): Place(file, 1)}
        self.problems: list[Problem] = []
        self._open_nodes: set[int] = set()

    def report(self, path: KeyPath, line: int, message: str, expected: str = "") -> None:
        """Note a mistake in the file's form."""
        self.problems.append(Problem(Place(self.file, line), dotted(path), message, expected))

    def read_node(self, node: Node, path: KeyPath) -> Value:
        """Turn a node and all below it into plain values, noting their lines."""
        self.value_places[path] = Place(self.file, _line(node))
        if id(node) in self._open_nodes:
            self.report(path, _line(node), "this alias contains itself", "a value that is not part of itself")
            return None
        if len(self.places) > MOST_VALUES:
            return None
        self._open_nodes.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._read_mapping(node, path)
            if isinstance(node, SequenceNode):
                return self._read_sequence(node, path)
            return self._read_scalar(node, path)
        finally:
            self._open_nodes.discard(id(node))

    def _read_mapping(self, node: MappingNode, path: KeyPath) -> Value:
        result: dict[str, Value] = {}
        first_lines: dict[str, int] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, ScalarNode):
                self.report(path, line, "a key is itself a list or a mapping", "a plain name as key")
                continue
            if str(key_node.tag) == _TAG + "merge":
                merged.append(value_node)
                continue
            key = str(key_node.value)
            if key in first_lines:
                message = f"the key {key} is written twice; line {first_lines[key]} has it already"
                self.report((*path, key), line, message, "each key once")
                continue
            first_lines[key] = line
            self.places[(*path, key)] = Place(self.file, line)
            result[key] = self.read_node(value_node, (*path, key))
        for key_node, value_node in self._merged_pairs(merged, path):
            key = str(key_node.value)
            if key not in result:
                self.places[(*path, key)] = Place(self.file, _line(key_node))
                result[key] = self.read_node(value_node, (*path, key))
        return result

    def _merged_pairs(self, nodes: list[Node], path: KeyPath) -> Iterator[tuple[ScalarNode, Node]]:
        """What `<<: *alias` adds: the pairs of the aliased mapping, or of each mapping in the aliased list."""
        for node in nodes:
            sources = node.value if isinstance(node, SequenceNode) else [node]
            for source in sources:
                if not isinstance(source, MappingNode):
                    self.report(
                        path, _line(node), "<< merges something that is not a mapping", "<<: *name-of-a-mapping"
                    )
                    continue
                yield from (
                    (key, value)
                    for key, value in source.value
                    if isinstance(key, ScalarNode) and str(key.tag) != _TAG + "merge"
                )

    def _read_sequence(self, node: SequenceNode, path: KeyPath) -> Value:
        result: list[Value] = []
        for index, item in enumerate(node.value):
            self.places[(*path, index)] = Place(self.file, _line(item))
            result.append(self.read_node(item, (*path, index)))
        return result

    def _read_scalar(self, node: Node, path: KeyPath) -> Value:
        text, tag = str(node.value), str(node.tag)
        if getattr(node, "style", None) in ("|", ">"):  # its text starts on the line after the sign
            self.value_places[path] = Place(self.file, _line(node) + 1)
        if not tag.startswith(_TAG):
            self.report(path, _line(node), f"the tag {tag} has no meaning here", "a plain value")
            return None
        match tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() in ("true", "yes", "on")
            case "int":
                return _integer(text)
            case "float":
                return _number(text)
            case _:
                return text


def read_document(path: Path, file: str) -> Document:
    """Read one YAML file; mistakes in it, and a file that cannot be read at all, become its `problems`.

    Parameters
    ----------
    path
        The file.
    file
        How messages name it.
    """
    document = Document(file)
    try:
        text = path.read_text(encoding="utf-8")
        node = YAML(typ="rt").compose(text)
        if node is not None:
            document.value = document.read_node(node, ())
    except UnicodeDecodeError as error:
        document.report((), 1, f"the file is not UTF-8 text (byte {error.start})", "a YAML file in UTF-8")
    except OSError as error:
        document.report(
            (), 1, f"the file cannot be read: {error.strerror}", "a YAML file; crosswalk init writes one to start from"
        )
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        document.report((), mark.line + 1 if mark else 1, f"this is not YAML: {what}")
    except (YAMLError, ValueError):
        document.report((), 1, "this is not YAML: it holds a character that YAML does not allow")
    except RecursionError:
        document.report((), 1, "this file is nested too deeply to be read")
    if len(document.places) > MOST_VALUES:
        document.report((), 1, f"this file holds more than {MOST_VALUES} values", "a file written by hand")
    return document


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _integer(text: str) -> int | str:
    digits = text.replace("_", "")
    try:
        return int(digits, 0)
    except ValueError:
        pass
    try:
        return int(digits, 10)  # YAML 1.2 reads 0012 as twelve, Python's base 0 refuses it
    except ValueError:
        return text


def _number(text: str) -> float | str:
    try:
        return float(text.replace("_", ""))
    except ValueError:  # .inf and .nan have no use here
        return text
