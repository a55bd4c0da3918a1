"""Match keys: the values by which records are looked for, and the form in which they are compared."""

from collections.abc import Container, Iterable
from typing import NamedTuple

from crosswalk.domain.definition import MatchRule, SyncDefinition
from crosswalk.domain.evaluation import Evaluation, MatchKey
from crosswalk.domain.ids import UserId
from crosswalk.domain.values import ValueType
from crosswalk.expressions.results import Raw
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import Normaliser, normaliser_of

__all__ = ["CompiledRule", "MatchKey", "keys_to_query", "normalise_key"]

_WITHOUT_CASE = frozenset({ValueType.TEXT, ValueType.EMAIL, ValueType.PICKLIST, ValueType.URL, ValueType.MULTIPICKLIST})
"""Types whose fields SOQL compares without regard to case."""


class CompiledRule(NamedTuple):
    """A match rule with what its type needs looked up once."""

    rule: MatchRule
    sobject: str
    normalise: Normaliser
    without_case: bool

    @classmethod
    def of(cls, rule: MatchRule, object_: str, region: str | None) -> "CompiledRule":
        """Look up the functions of the rule's type; `region` is for telephone numbers without a country code."""
        return cls(rule, object_, normaliser_of(rule.type, region), rule.type in _WITHOUT_CASE)

    def key(self, value: Raw) -> MatchKey | None:
        """The key of a match value; `None` where it is empty or does not fit the type, so that it can match nothing."""
        text = _key_text(value, self.normalise)
        if text is None:
            return None
        normal = text.casefold() if self.without_case else text
        return MatchKey(self.rule.name, self.sobject, self.rule.field, text, normal)


def normalise_key(value: object, type_: ValueType, region: str | None = None) -> str | None:
    """The form in which keys are compared: normalised, and without case where SOQL compares without it.

    Returns `None` for a value that cannot match anything: empty, or not of the type.
    """
    text = _key_text(value, normaliser_of(type_, region))
    return text.casefold() if text is not None and type_ in _WITHOUT_CASE else text


def _key_text(value: object, normalise: Normaliser) -> str | None:
    if value is None:
        return None
    try:
        normal = normalise(value)
    except WrongValue:
        return None
    if isinstance(normal, bool):
        return "true" if normal else "false"
    return None if normal is None else str(normal)


def keys_to_query(
    evaluations: Iterable[Evaluation], definition: SyncDefinition, *, skip: Container[UserId] = frozenset()
) -> dict[tuple[str, str], list[str]]:
    """Which key values to look for in which field, for all identities at once.

    Parameters
    ----------
    skip
        Identities that need no look-up, because they are linked already.

    Returns
    -------
    dict
        (object, field) → distinct values; in the order of the definition's targets and rules, the values in the order
        of the identities.
    """
    wanted: dict[tuple[str, str], dict[str, str]] = {
        (target.object, rule.field): {} for target in definition.targets for rule in target.match
    }
    for evaluation in evaluations:
        if evaluation.filtered or evaluation.user_id in skip:
            continue
        for target in evaluation.targets:
            for key in target.keys:
                if key is not None:
                    wanted[(key.object, key.field)].setdefault(key.normal, key.value)
    return {query: list(values.values()) for query, values in wanted.items() if values}
