"""The values of a change event in the form in which the REST API gives them. Pure.

The event's schema says in each field's `doc` what the field is in Salesforce: `Data:DateTime`, `CreatedDate:DateTime`,
`Data:DateOnly`, `Data:TimeOnly`, the id of a custom field after them. Dates and times are numbers in Avro: milliseconds
since 1970 UTC, those of a time of day since midnight.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from crosswalk.connectors.salesforce.record_poll import position_of
from crosswalk.domain.values import FieldValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ValueUnreadable(ValueError):
    """A value of an event has no form that the REST API would give it."""


def rest_value(doc: str, value: object) -> FieldValue:
    """Return the value as the REST API gives it.

    Parameters
    ----------
    doc
        What the schema says of the field; `""` where it says nothing.
    value
        The value as Avro has it.

    Raises
    ------
    ValueUnreadable
        It is not of a kind that a field has, or no time.
    """
    if value is None:
        return None
    kind = doc.split(":")[1] if ":" in doc else ""
    read = _NUMBERS.get(kind)
    if read is not None and isinstance(value, int):
        try:
            return read(value)
        except OverflowError as error:
            raise ValueUnreadable(f"expected milliseconds since 1970, found {value}") from error
    if isinstance(value, str | bool | int | float):
        return value
    raise ValueUnreadable(f"expected a text, a number or a boolean, found {type(value).__name__}")


def _at(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _date(milliseconds: int) -> str:
    return _at(milliseconds).date().isoformat()


def _time_of_day(milliseconds: int) -> str:
    return _at(milliseconds).time().isoformat("milliseconds") + "Z"


_NUMBERS: Mapping[str, Callable[[int], str]] = {
    "DateTime": lambda milliseconds: position_of(_at(milliseconds)),
    "DateOnly": _date,
    "TimeOnly": _time_of_day,
}
