"""Match keys: the values by which records are looked for, and the form in which they are compared."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from crosswalk.domain.definition import Target
from crosswalk.domain.evaluation import MatchKey
from crosswalk.domain.look_up import LookUp, SearchedPart
from crosswalk.domain.match_rule import MatchPart, MatchRule, Normalisation
from crosswalk.domain.record import Record
from crosswalk.expressions.results import Raw
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import Normaliser, normaliser_of
from crosswalk.matching.folding import folder_of
from crosswalk.matching.written_forms import is_quoted, written_forms

__all__ = ["CompiledPart", "CompiledRule", "MatchKey", "compile_rules"]

LONGEST_VALUE = 255
"""A longer text stands in no field that Salesforce can search."""

_BETWEEN = "\x1f"


class CompiledPart(NamedTuple):
    """A part of a rule with what its type needs looked up once."""

    part: MatchPart
    normalise: Normaliser
    fold: Callable[[str], str]
    """Gives the form in which a value is compared."""

    def value(self, raw: object) -> str | None:
        """The normalised value as text; `None` for one that can match nothing: empty, too long, or not of the type."""
        if raw is None:
            return None
        try:
            normal = self.normalise(raw)
        except WrongValue:
            return None
        if normal.__class__ is str:  # of most parts
            return normal if len(normal) <= LONGEST_VALUE else None
        if isinstance(normal, bool):
            return "true" if normal else "false"
        text = None if normal is None else str(normal)
        return None if text is None or len(text) > LONGEST_VALUE else text

    def found_in(self, record: Record) -> list[str]:
        """The compared forms of what the part's fields hold."""
        values = [self.value(record.fields.get(field)) for field in self.part.fields]
        return [self.fold(value) for value in values if value is not None]


class CompiledRule(NamedTuple):
    """A match rule made ready.

    Parameters
    ----------
    rule, parts
        The rule and its compiled parts.
    sobject
        The object whose records it finds.
    searched
        Names the fields and how they are compared; rules that are alike in this share one look-up.
    region
        Two-letter country of telephone numbers without a country code.
    by_external_id
        Whether it looks for the user's id in the target's external-id field.
    """

    rule: MatchRule
    parts: tuple[CompiledPart, ...]
    sobject: str
    searched: str
    region: str | None
    by_external_id: bool

    def key(self, values: Sequence[Raw], verified: bool) -> MatchKey | None:
        """The key made of the values of the rule's parts; `None` where one of them can match nothing."""
        if len(self.parts) == 1:  # the usual rule, for every identity of every batch
            (part,), (raw,) = self.parts, values
            value = part.value(raw)
            if value is None:
                return None
            return MatchKey(self.rule.name, self.sobject, self.searched, (value,), part.fold(value), verified)
        checked: list[str] = []
        for part, raw in zip(self.parts, values, strict=True):
            value = part.value(raw)
            if value is None:
                return None
            checked.append(value)
        folded = _BETWEEN.join([part.fold(value) for part, value in zip(self.parts, checked, strict=True)])
        return MatchKey(self.rule.name, self.sobject, self.searched, tuple(checked), folded, verified)

    def keys_of(self, record: Record) -> Iterator[str]:
        """The compared forms of all keys that a record answers."""
        if len(self.parts) == 1:
            return iter(self.parts[0].found_in(record))
        return map(_BETWEEN.join, product(*(part.found_in(record) for part in self.parts)))

    def look_up(self, keys: Iterable[MatchKey], select: tuple[str, ...]) -> LookUp:
        """The question for the records of these keys, each once."""
        distinct = {key.normal: key for key in keys}
        return LookUp(
            self.sobject,
            select,
            tuple(SearchedPart(each.part.fields, is_quoted(each.part.type)) for each in self.parts),
            tuple(
                tuple(
                    written_forms(value, each.part, self.region)
                    for value, each in zip(key.values, self.parts, strict=True)
                )
                for key in distinct.values()
            ),
        )


def compile_rules(target: Target, region: str | None) -> tuple[CompiledRule, ...]:
    """The rules of a target, in their order; `region` is for telephone numbers without a country code."""
    return tuple(_compile(rule, target, region) for rule in target.match)


def _compile(rule: MatchRule, target: Target, region: str | None) -> CompiledRule:
    parts = tuple(
        CompiledPart(part, normaliser_of(part.type, region), folder_of(part.type, part.normalisation))
        for part in rule.parts
    )
    by_external_id = rule.fields == (target.external_id_field,)
    return CompiledRule(rule, parts, target.object, "+".join(map(_searched, rule.parts)), region, by_external_id)


def _searched(part: MatchPart) -> str:
    options = "" if part.normalisation == Normalisation() else f":{part.normalisation}"
    return f"{'|'.join(part.fields)}:{part.type.value}{options}"
