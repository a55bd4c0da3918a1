"""Test files: which there are, and what they say. Every mistake in them is reported with its line."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from crosswalk.cases.case import Case, Given
from crosswalk.cases.fixtures import Fixtures
from crosswalk.cases.given import GIVEN_KEYS, GivenReader
from crosswalk.cases.observing import PARTS
from crosswalk.config.document import Value, read_document
from crosswalk.config.findings import Findings
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath, Problem
from crosswalk.domain.place import Place

FOLDER = "tests"
"""The folder beside `crosswalk.yaml` in which test files are."""

FIXTURES = "fixtures.yaml"
"""The file that holds what all test files of its folder share."""

_FILE_KEYS = ("sync", "only", "fixtures", "cases")
_CASE_KEYS = ("name", "sync", "only", "earlier", "expect", *GIVEN_KEYS)


class TestFiles(Struct, frozen=True):
    """The cases of some files, and every mistake in them; a case with a mistake is left out."""

    __test__ = False  # the name looks like a class of tests to pytest

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]


def find_files(config: Path) -> list[Path]:
    """The test files of a configuration, sorted; none where it has no tests."""
    return _in_folder(config.parent / FOLDER)


def read_files(paths: Iterable[Path], syncs: Sequence[str]) -> TestFiles:
    """Read test files, or all those of a folder.

    Parameters
    ----------
    syncs
        The syncs of the configuration.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    shared: dict[Path, tuple[Fixtures, list[Problem]]] = {}
    for path in (each for given in paths for each in (_in_folder(given) if given.is_dir() else [given])):
        if path.name == FIXTURES:
            continue
        if path.parent not in shared:
            shared[path.parent] = _read_fixtures(path.parent / FIXTURES)
            problems += shared[path.parent][1]
        reader = _FileReader(path, shared[path.parent][0], syncs)
        cases += reader.cases()
        problems += reader.findings.in_order()
    return TestFiles(tuple(cases), (*problems, *_named_twice(cases)))


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("**/*.yaml") if path.name != FIXTURES)


def _read_fixtures(path: Path) -> tuple[Fixtures, list[Problem]]:
    if not path.is_file():
        return {}, []
    document = read_document(path, str(path))
    if isinstance(document.value, dict):
        return document.value, document.problems
    problem = Problem(
        Place(str(path), 1), "", "this file holds no fixtures", "a mapping: name, then a user or a record"
    )
    return {}, document.problems or [problem]


def _named_twice(cases: Sequence[Case]) -> list[Problem]:
    first: dict[tuple[str, str], Case] = {}
    problems = []
    for case in cases:
        earlier = first.setdefault((case.place.file, case.name), case)
        if earlier is not case:
            message = f"a case of this name is there already, in line {earlier.place.line}"
            problems.append(Problem(case.place, case.name, message, "a name of its own"))
    return problems


class _FileReader:
    """Reads one file."""

    def __init__(self, path: Path, shared: Fixtures, syncs: Sequence[str]) -> None:
        document = read_document(path, str(path))
        self.findings = Findings(document)
        self._tree = document.value
        self._syncs = syncs
        self._fixtures = dict(shared)

    def cases(self) -> list[Case]:
        """The cases without a mistake."""
        tree = self._tree
        if not isinstance(tree, dict):
            if not self.findings.problems:
                self.findings.add((), "this file holds no cases", "cases, and perhaps sync, only and fixtures")
            return []
        self._known_keys(tree, (), _FILE_KEYS)
        own = tree.get("fixtures")
        if isinstance(own, dict):
            self._fixtures |= own
        elif own is not None:
            self.findings.add_value(("fixtures",), "fixtures are no mapping", "a name, then a user or a record")
        written = tree.get("cases")
        if not isinstance(written, list) or not written:
            self.findings.add(("cases",), "there are no cases", "a list of cases, each with name, user and expect")
            return []
        read = [self._case(each, ("cases", index), tree) for index, each in enumerate(written)]
        return [case for case in read if case is not None]

    def _case(self, written: Value, path: KeyPath, tree: Mapping[str, Value]) -> Case | None:
        before = len(self.findings.problems)
        if not isinstance(written, dict):
            self.findings.add_value(path, "this is no case", "a mapping with name, user and expect")
            return None
        self._known_keys(written, path, _CASE_KEYS)
        name = written.get("name")
        if not isinstance(name, str) or not name.strip():
            self.findings.add((*path, "name"), "name is missing", "what the case shows, in a few words")
        given = self._given(written, path)
        earlier = self._earlier(written, path)
        expect = self._expect(written, path)
        only = written.get("only", tree.get("only", False))
        if not isinstance(only, bool):
            self.findings.add_value((*path, "only"), "only is neither true nor false", "true or false")
        sync = self._sync(written, path, tree)
        if len(self.findings.problems) > before or sync is None or given is None:
            return None
        inside = {inner[len(path) + 1 :]: place for inner, place in self._places_below((*path, "expect"))}
        place = self.findings.place((*path, "name"))
        return Case(str(name), place, sync, given, expect, bool(only), earlier, inside)

    def _given(self, written: Mapping[str, Value], path: KeyPath) -> Given | None:
        return GivenReader(self.findings, self._fixtures, path).read(written)

    def _earlier(self, written: Mapping[str, Value], path: KeyPath) -> tuple[Given, ...]:
        """Earlier states: what they do not say is as it is now."""
        value = written.get("earlier")
        if value is None:
            return ()
        listed = value if isinstance(value, list) else [value]
        found = []
        for index, each in enumerate(listed):
            at: KeyPath = (*path, "earlier", index) if isinstance(value, list) else (*path, "earlier")
            if not isinstance(each, dict):
                self.findings.add_value(at, "this is no earlier state", "a mapping, for example with user")
                continue
            self._known_keys(each, at, GIVEN_KEYS)
            whole = {key: inner for key, inner in written.items() if key in GIVEN_KEYS} | each
            found.append(GivenReader(self.findings, self._fixtures, at).read(whole))
        return tuple(each for each in found if each is not None)

    def _expect(self, written: Mapping[str, Value], path: KeyPath) -> Mapping[str, Value]:
        expect = written.get("expect")
        if not isinstance(expect, dict) or not expect:
            self.findings.add(
                (*path, "expect"), "nothing is expected", "a mapping, for example with situation and record"
            )
            return {}
        self._known_keys(expect, (*path, "expect"), tuple(PARTS))
        for name in ("record", "user", "disputed", "errors", "base"):
            if name in expect and not isinstance(expect[name], dict) and expect[name] != "nothing":
                self.findings.add_value((*path, "expect", name), f"{name} is no mapping", "fields, or nothing")
        if "effects" in expect and not isinstance(expect["effects"], list) and expect["effects"] != "nothing":
            self.findings.add_value((*path, "expect", "effects"), "effects is no list", "a list of steps, or nothing")
        return expect

    def _sync(self, written: Mapping[str, Value], path: KeyPath, tree: Mapping[str, Value]) -> str | None:
        at: KeyPath = (*path, "sync") if "sync" in written else ("sync",)
        name = written.get("sync", tree.get("sync"))
        if name is None and len(self._syncs) == 1:
            return self._syncs[0]
        if isinstance(name, str) and name in self._syncs:
            return name
        known = f"one of: {', '.join(self._syncs)}"
        if name is None:
            self.findings.add(path, "there are several syncs, and the case does not say which", f"sync: {known}")
        else:
            near = nearest_name(str(name), self._syncs)
            self.findings.add_value(at, f"there is no sync {name}", known, near)
        return None

    def _known_keys(self, written: Mapping[str, Value], path: KeyPath, known: Sequence[str]) -> None:
        for key in written:
            if key not in known:
                near = nearest_name(key, known)
                self.findings.add((*path, key), f"unknown key {key}", f"one of: {', '.join(known)}", near)

    def _places_below(self, path: KeyPath) -> list[tuple[KeyPath, Place]]:
        size = len(path)
        return [(inner, place) for inner, place in self.findings.places.items() if inner[:size] == path]
