"""Many plans in a few lines: how many of what, and an example of each. Its size does not depend on their number."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.threshold import WriteKind
from crosswalk.domain.write import RecordWrite, UserWrite
from crosswalk.reconcile.effects import write_of
from crosswalk.reconcile.kinds import is_clearing, kinds_of, writes_of_plan

EXAMPLES = 3
"""How many identities are named for each line of a summary."""

AUTH0_USER = "Auth0 user"

Key = TypeVar("Key", bound=str)


class FieldLine(Struct):
    """How many times one field is written for one reason, how many of these empty it, and for whom, for example."""

    object: str
    field: str
    reason: str
    writes: int = 0
    cleared: int = 0
    examples: tuple[UserId, ...] = ()


class Line(Struct):
    """How many identities something holds for, and examples of them."""

    identities: int = 0
    examples: tuple[UserId, ...] = ()


class SummaryData(Struct, frozen=True):
    """A summary as it is printed and stored.

    Parameters
    ----------
    identities, with_writes
        How many were planned, and how many of them have something to write.
    fields_written
        Fields of records and users that are written.
    situations, kinds, flows, errors
        By situation; by kind of write; by flow, step and what it does; by field whose mapping failed (`Lead.Title`).
    conflicts, disputed
        Identities that wait for a person's decision about their record, or about a field.
    fields
        By object, field and reason, the most frequent first.
    """

    identities: int
    with_writes: int
    fields_written: int
    situations: Mapping[str, Line]
    kinds: Mapping[WriteKind, Line]
    flows: Mapping[str, Line]
    errors: Mapping[str, Line]
    conflicts: int
    disputed: int
    fields: tuple[FieldLine, ...]


class Summary:
    """Counts plans."""

    def __init__(self) -> None:
        self.identities = 0
        self.with_writes = 0
        self.fields_written = 0
        self._conflicts = 0
        self._disputed = 0
        self._situations: dict[str, Line] = {}
        self._kinds: dict[WriteKind, Line] = {}
        self._flows: dict[str, Line] = {}
        self._errors: dict[str, Line] = {}
        self._fields: dict[tuple[str, str, str], FieldLine] = {}

    def add_all(self, plans: Iterable[Plan]) -> None:
        """Count some plans."""
        for plan in plans:
            self.add(plan)

    def add(self, plan: Plan) -> None:
        """Count one plan."""
        self.identities += 1
        self.with_writes += bool(writes_of_plan(plan))
        self._conflicts += plan.conflict is not None
        self._disputed += bool(plan.disputed)
        _count(self._situations, plan.situation.value, plan.user_id)
        for kind in kinds_of(plan):
            _count(self._kinds, kind, plan.user_id)
        for name in {f"{error.object}.{error.field}".lstrip(".") for error in plan.errors}:
            _count(self._errors, name, plan.user_id)
        for step in plan.effects:
            write = write_of(step)
            if write is not None:
                what = type(write).__struct_config__.tag
                _count(self._flows, f"{step.flow}: {step.step.value} {what}", plan.user_id)
        for write in plan.writes:
            self._add_fields(plan.user_id, write)

    def _add_fields(self, user_id: UserId, write: RecordWrite | UserWrite) -> None:
        object_name = write.object if isinstance(write, RecordWrite) else AUTH0_USER
        self.fields_written += len(write.fields)
        for field in write.fields:
            key = (object_name, field.field, field.reason.value)
            line = self._fields.get(key)
            if line is None:
                line = self._fields[key] = FieldLine(*key)
            line.writes += 1
            line.cleared += is_clearing(field)
            if len(line.examples) < EXAMPLES:
                line.examples = (*line.examples, user_id)

    def data(self) -> SummaryData:
        """The summary so far."""
        return SummaryData(
            self.identities,
            self.with_writes,
            self.fields_written,
            _by_number(self._situations),
            {kind: self._kinds[kind] for kind in WriteKind if kind in self._kinds},
            _by_number(self._flows),
            _by_number(self._errors),
            self._conflicts,
            self._disputed,
            tuple(sorted(self._fields.values(), key=lambda line: (-line.writes, line.object, line.field, line.reason))),
        )


def _count(lines: dict[Key, Line], key: Key, user_id: UserId) -> None:
    line = lines.setdefault(key, Line())
    line.identities += 1
    if len(line.examples) < EXAMPLES:
        line.examples = (*line.examples, user_id)


def _by_number(lines: Mapping[str, Line]) -> dict[str, Line]:
    return dict(sorted(lines.items(), key=lambda item: (-item[1].identities, item[0])))
