"""Collects problems while a configuration is examined, and knows where everything in it was written."""

from crosswalk.config.document import Document, Value
from crosswalk.config.problem import KeyPath, Problem, dotted
from crosswalk.domain.place import Place


class Findings:
    """The places of a configuration, over all of its files, and the problems found so far."""

    def __init__(self, document: Document) -> None:
        self.places: dict[KeyPath, Place] = dict(document.places)
        self.value_places: dict[KeyPath, Place] = dict(document.value_places)
        self.problems: list[Problem] = list(document.problems)
        self._files = [document.file]

    def include(self, document: Document, path: KeyPath) -> None:
        """Take over the places and problems of a file whose content stands at `path`."""
        for inner, place in document.places.items():
            if inner:
                self.places[(*path, *inner)] = place
        for inner, place in document.value_places.items():
            self.value_places[(*path, *inner)] = place
        for problem in document.problems:
            inner_path = f"{dotted(path)}.{problem.path}" if problem.path else dotted(path)
            self.problems.append(Problem(problem.place, inner_path, problem.message, problem.expected))
        self._files.append(document.file)

    def add(self, path: KeyPath, message: str, expected: str = "", suggestion: str | None = None) -> None:
        """Note a problem with the key at `path`."""
        self.problems.append(Problem(self.place(path), dotted(path), message, expected, suggestion))

    def add_value(
        self, path: KeyPath, message: str, expected: str = "", suggestion: str | None = None, *, lines_below: int = 0
    ) -> None:
        """Note a problem with the value at `path`, which may stand on a later line than its key.

        `lines_below` says how many lines below the value's first one the problem is.
        """
        place = self.value_places.get(path) or self.place(path)
        place = Place(place.file, place.line + lines_below)
        self.problems.append(Problem(place, dotted(path), message, expected, suggestion))

    def has(self, path: KeyPath) -> bool:
        """Whether there is a problem with exactly this path already."""
        name = dotted(path)
        return any(problem.path == name for problem in self.problems)

    def place(self, path: KeyPath) -> Place:
        """Where the key at `path` is written, or the innermost thing around it that is written."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def in_order(self) -> list[Problem]:
        """All problems, each once, by file and line."""
        files = {file: index for index, file in enumerate(self._files)}
        unique = dict.fromkeys(self.problems)
        return sorted(unique, key=lambda problem: (files.get(problem.place.file, 0), problem.place.line))


def value_at(tree: Value, path: KeyPath) -> Value:
    """Look a value up by path; `None` where the path does not lead to one."""
    for key in path:
        if isinstance(tree, dict) and isinstance(key, str):
            tree = tree.get(key)
        elif isinstance(tree, list) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            return None
    return tree
