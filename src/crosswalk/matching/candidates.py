"""The records that the look-ups found, arranged by the keys that they answer."""

from collections.abc import Iterable, Mapping, Sequence

from crosswalk.domain.evaluation import MatchKey
from crosswalk.domain.ids import RecordId
from crosswalk.domain.record import Record
from crosswalk.matching.keys import CompiledRule
from crosswalk.matching.look_ups import BY_ID, LookUpName


class Candidates:
    """Records by look-up and normalised key."""

    def __init__(
        self, records: Mapping[tuple[str, str, str], tuple[Record, ...]], named: Mapping[RecordId, Record]
    ) -> None:
        self._records = records
        self._named = named

    @classmethod
    def of(cls, rules: Sequence[Sequence[CompiledRule]], found: Mapping[LookUpName, Iterable[Record]]) -> "Candidates":
        """Arrange what was found.

        Parameters
        ----------
        rules
            The compiled rules of each target.
        found
            The records that each look-up gave, in any order and with repetitions. A lead with `IsConverted` true is
            left out: Salesforce refuses to change it.
        """
        arranged: dict[tuple[str, str, str], dict[str, Record]] = {}
        compiled = {(rule.sobject, rule.searched): rule for each in rules for rule in each}
        for name, rule in compiled.items():
            for record in _usable(found.get(name, ())):
                for normal in rule.keys_of(record):
                    arranged.setdefault((*name, normal), {})[record.id] = record
        named = {
            record.id: record
            for (_, searched), records in found.items()
            if searched == BY_ID
            for record in _usable(records)
        }
        return cls({key: _in_order(by_id) for key, by_id in arranged.items()}, named)

    def get(self, key: MatchKey) -> tuple[Record, ...]:
        """The distinct records that hold this key, in the order of their ids."""
        return self._records.get((key.object, key.field, key.normal), ())

    def named(self, record_id: RecordId) -> Record | None:
        """A record that a person named, if the org still has it."""
        return self._named.get(record_id)


def _in_order(by_id: Mapping[str, Record]) -> tuple[Record, ...]:
    if len(by_id) == 1:
        return (*by_id.values(),)
    return tuple(by_id[id_] for id_ in sorted(by_id))


def _usable(records: Iterable[Record]) -> Iterable[Record]:
    return (record for record in records if record.fields.get("IsConverted") is not True)
