"""True/false and numbers."""

from crosswalk.domain.values import FieldValue
from crosswalk.expressions.types.problem import WrongValue


def normalise_boolean(value: object) -> bool:
    """True or false. A checkbox cannot be empty, so `None` is false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise WrongValue("true or false", value)
    return value


def normalise_integer(value: object) -> int:
    """A whole number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongValue("a whole number", value)
    return value


def normalise_number(value: object) -> int | float:
    """Any number; whole ones without a decimal point."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongValue("a number", value)
    return value


def same_boolean(a: FieldValue, b: FieldValue) -> bool:
    """Whether two checkboxes agree; an empty one is not checked."""
    return bool(a) is bool(b)


def same_number(a: FieldValue, b: FieldValue) -> bool:
    """Whether two numbers are equal; Salesforce gives whole numbers back as `5.0`."""
    return isinstance(a, int | float) and isinstance(b, int | float) and a == b
