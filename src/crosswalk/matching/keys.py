"""Match keys: the values by which records are looked for, and the form in which they are compared."""

from collections.abc import Container, Iterable

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.evaluation import Evaluation, MatchKey
from crosswalk.domain.ids import UserId
from crosswalk.domain.values import ValueType
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import normaliser_of

__all__ = ["MatchKey", "comparable", "key_value", "keys_to_query", "normalise_key"]

_WITHOUT_CASE = frozenset({ValueType.TEXT, ValueType.EMAIL, ValueType.PICKLIST, ValueType.URL, ValueType.MULTIPICKLIST})


def key_value(value: object, type_: ValueType, region: str | None = None) -> str | None:
    """A match value as Salesforce is asked for it, or `None` where it is empty or does not fit its type."""
    if value is None:
        return None
    try:
        normal = normaliser_of(type_, region)(value)
    except WrongValue:
        return None
    return None if normal is None else _as_text(normal)


def normalise_key(value: object, type_: ValueType, region: str | None = None) -> str | None:
    """The form in which keys are compared: normalised, and without case where SOQL compares without it.

    Returns `None` for a value that cannot match anything: empty, or not of the type.
    """
    text = key_value(value, type_, region)
    return None if text is None else comparable(text, type_)


def comparable(value: str, type_: ValueType) -> str:
    """The form in which a key value that Salesforce is asked for is compared."""
    return value.casefold() if type_ in _WITHOUT_CASE else value


def _as_text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


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
