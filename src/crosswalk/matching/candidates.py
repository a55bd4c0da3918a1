"""The records that the look-ups found, arranged by the keys that they answer."""

from collections.abc import Iterable, Mapping

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.record import Record
from crosswalk.domain.values import ValueType
from crosswalk.matching.keys import normalise_key


class Candidates:
    """Records by object, field and normalised key."""

    def __init__(self, records: Mapping[tuple[str, str, str], tuple[Record, ...]]) -> None:
        self._records = records

    @classmethod
    def of(
        cls,
        definition: SyncDefinition,
        found: Mapping[tuple[str, str], Iterable[Record]],
        *,
        default_region: str | None = None,
    ) -> "Candidates":
        """Arrange what was found.

        Parameters
        ----------
        found
            (object, field) → the records that the look-ups of that field gave, in any order and with repetitions. A
            lead with `IsConverted` true is left out: Salesforce refuses to change it.
        """
        types: dict[tuple[str, str], set[ValueType]] = {}
        for target in definition.targets:
            for rule in target.match:
                types.setdefault((target.object, rule.field), set()).add(rule.type)
        arranged: dict[tuple[str, str, str], dict[str, Record]] = {}
        for (object_, field), records in found.items():
            for record in records:
                if record.fields.get("IsConverted") is True:
                    continue
                for type_ in types.get((object_, field), ()):
                    normal = normalise_key(record.fields.get(field), type_, default_region)
                    if normal is not None:
                        arranged.setdefault((object_, field, normal), {})[record.id] = record
        return cls({key: tuple(by_id[id_] for id_ in sorted(by_id)) for key, by_id in arranged.items()})

    def get(self, object_: str, field: str, normal: str) -> tuple[Record, ...]:
        """The distinct records whose field has this key, in the order of their ids."""
        return self._records.get((object_, field, normal), ())
