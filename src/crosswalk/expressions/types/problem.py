"""The error of a value that does not fit its type."""

from crosswalk.domain.errors import CrosswalkError


class WrongValue(CrosswalkError):
    """A value does not fit its type. The message describes its shape, never its content, which may be personal."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(f"expected {expected}, got {describe_shape(value)}")


def describe_shape(value: object) -> str:
    """What kind of value it is, in words that show nothing of it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return f"a text of {len(value)} characters"
        case list():
            return f"a list of {len(value)} texts"
    return "an object"
