"""A target with everything that its fields need looked up once, instead of once for each identity."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.ids import UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldError
from crosswalk.domain.values import FLOWS_BACK, FieldValue, Owner, ValueType
from crosswalk.expressions.results import NO_OPINION, Raw
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import Comparer, Normaliser, comparer_of, normaliser_of
from crosswalk.mapping.user_path import UserPath

_WITHOUT_VALUE: Final = (list, dict)
"""The classes of results that need a closer look: no opinion, a list of texts, a failure."""


class CompiledField(NamedTuple):
    """A field map with the functions of its type. A tuple, because it is unpacked for every field of every identity."""

    name: str
    owner: Owner
    place: Place
    type: ValueType
    normalise: Normaliser
    equal: Comparer
    to: UserPath | None
    """Where in the user the record's value goes, for owners under which it goes there at all."""

    @classmethod
    def of(cls, field: FieldMap, region: str | None) -> "CompiledField":
        """Look up the functions of the field's type."""
        normalise, equal = normaliser_of(field.type, region), comparer_of(field.type, region)
        to = field.to if field.owner in FLOWS_BACK else None
        return cls(field.field, field.owner, field.place, field.type, normalise, equal, to)


class CompiledTarget:
    """A target and its compiled fields.

    Parameters
    ----------
    target
        As configured.
    region
        Two-letter default country of telephone numbers without a country code.
    """

    def __init__(self, target: Target, region: str | None = None) -> None:
        self.target = target
        self.fields = tuple(CompiledField.of(field, region) for field in target.fields)
        self.by_name = {field.name: field for field in self.fields}
        self.newest_wins = frozenset(field.name for field in self.fields if field.owner is Owner.LATEST)
        self._readers = tuple((field.name, field.normalise) for field in self.fields)
        self._returning = frozenset(field.name for field in self.fields if field.to is not None)
        self._lists = frozenset(field.name for field in self.fields if field.type is ValueType.MULTIPICKLIST)
        self._nulls: dict[str, FieldValue] = {
            field.name: False if field.type is ValueType.BOOLEAN else None for field in self.fields
        }

    def read(self, user_id: UserId, results: Sequence[Raw]) -> tuple[dict[str, FieldValue], tuple[FieldError, ...]]:
        """Turn the results of the target's expressions into values, and say which could not be.

        Returns
        -------
        tuple
            Field → normalised value for each field with an opinion; one error for each field without a usable value.
        """
        values: dict[str, FieldValue] = {}
        problems: list[tuple[str, str]] = []
        for (name, normalise), raw in zip(self._readers, results, strict=True):
            if raw is None:
                values[name] = self._nulls[name]
            elif raw.__class__ in _WITHOUT_VALUE:
                self._read_composite(name, normalise, raw, values, problems)
            else:
                try:
                    values[name] = normalise(raw)
                except WrongValue as problem:
                    problems.append((name, str(problem)))
        return values, self.errors(user_id, problems) if problems else ()

    def _read_composite(
        self, name: str, normalise: Normaliser, raw: Raw, values: dict[str, FieldValue], problems: list[tuple[str, str]]
    ) -> None:
        if raw == NO_OPINION:
            # Auth0 leaves out what is empty. Where the record's value may go to the user, that means: nothing is there.
            if name in self._returning:
                values[name] = self._nulls[name]
            return
        if isinstance(raw, dict):
            problems.append((name, raw["message"]))
            return
        try:
            if name not in self._lists:
                raise WrongValue("a single value", raw)
            values[name] = normalise(raw)
        except WrongValue as problem:
            problems.append((name, str(problem)))

    def errors(self, user_id: UserId, problems: Sequence[tuple[str, str]]) -> tuple[FieldError, ...]:
        """The errors of some fields (name, message), with the places of their mappings."""
        return tuple(
            FieldError(user_id, self.target.object, name, self.by_name[name].place, message)
            for name, message in problems
        )
