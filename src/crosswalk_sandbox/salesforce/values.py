"""What becomes of one value that a client sends: the stored value, or the vendor's complaint.

A value of the wrong JSON type spoils the whole call (`JSON_PARSER_ERROR`); a value that a field's rules refuse spoils
its record. Recorded traffic shows that numbers may come as text, and that e-mail addresses are stored in lower case.
"""

import re
from collections.abc import Callable
from typing import Any

from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, parser_error
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.schema import Field
from crosswalk_sandbox.salesforce.times import read_date, read_time

_EMAIL = re.compile(r"[^\s@,;<>()\[\]\\\"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}")

Problems = list[RecordProblem]


def _wrong_type(field: Field, value: Any) -> ApiError:
    token = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT"}.get(
        type(value), "START_ARRAY"
    )
    shown = value
    if value is None:
        token, shown = "null", "null"
    elif isinstance(value, bool):
        token, shown = f"VALUE_{str(value).upper()}", str(value).lower()
    return parser_error(
        f"Cannot deserialize instance of {field.type} from {token} value {shown} "
        "or request may be missing a required field at [line:1, column:1]"
    )


def _read_text(field: Field, value: Any, problems: Problems) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    text = value.strip()
    if len(text) > field.length > 0:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        problems.append(RecordProblem("STRING_TOO_LONG", message, [field.name]))
    return text or None


def _read_email(field: Field, value: Any, problems: Problems) -> str | None:
    text = _read_text(field, value, problems)
    if text is None or len(text) > field.length:
        return text
    if not _EMAIL.fullmatch(text) or ".." in text:
        message = f"{field.label}: invalid email address: {text}"
        problems.append(RecordProblem("INVALID_EMAIL_ADDRESS", message, [field.name]))
    return text.lower()


def _read_picklist(field: Field, value: Any, problems: Problems) -> str | None:
    text = _read_text(field, value, problems)
    if text is None:
        return None
    known = field.picklist.get(text.lower())
    if known is None and field.restricted:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        problems.append(RecordProblem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name]))
    return known or text


def in_order(field: Field, text: str) -> str:
    """Choices that semicolons part, each once, in the picklist's own case and order, unknown ones last."""
    chosen = dict.fromkeys(each.strip() for each in text.split(";"))
    known = {each.lower() for each in chosen}
    ordered = [value for key, value in field.picklist.items() if key in known]
    return ";".join([*ordered, *(each for each in chosen if each and each.lower() not in field.picklist)])


def _read_multipicklist(field: Field, value: Any, problems: Problems) -> str | None:
    text = _read_text(field, value, problems)
    if text is None:
        return None
    unknown = [each for each in text.split(";") if each.strip() and each.strip().lower() not in field.picklist]
    if unknown and field.restricted:
        message = f"{field.label}: bad value for restricted picklist field: {unknown[0].strip()}"
        problems.append(RecordProblem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name]))
    return in_order(field, text) or None


def _read_boolean(field: Field, value: Any, _problems: Problems) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(field, value)
    return value


def _read_double(field: Field, value: Any, _problems: Problems) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong_type(field, value)
    if value == "":
        return None
    try:
        return float(value)
    except ValueError:
        raise _wrong_type(field, value) from None


def _read_int(field: Field, value: Any, problems: Problems) -> int | None:
    number = _read_double(field, value, problems)
    if number is None:
        return None
    if not number.is_integer():
        raise _wrong_type(field, value)
    return int(number)


def _read_date(field: Field, value: Any, _problems: Problems) -> str | None:
    if value == "":
        return None
    text = read_date(value[:10]) if isinstance(value, str) else None
    if text is None or (len(value) > 10 and read_time(value) is None):
        raise _wrong_type(field, value)
    return text


def _read_datetime(field: Field, value: Any, _problems: Problems) -> str | None:
    if value == "":
        return None
    text = read_time(value) if isinstance(value, str) else None
    if text is None:
        raise _wrong_type(field, value)
    return text


def _read_id(field: Field, value: Any, problems: Problems) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    if not value.strip():
        return None
    found = to_id18(value.strip())
    if found is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        problems.append(RecordProblem("MALFORMED_ID", message, [field.name]))
    return found


Reader = Callable[[Field, Any, Problems], Any]

_READERS: dict[str, Reader] = {
    "email": _read_email,
    "picklist": _read_picklist,
    "multipicklist": _read_multipicklist,
    "boolean": _read_boolean,
    "double": _read_double,
    "currency": _read_double,
    "percent": _read_double,
    "int": _read_int,
    "date": _read_date,
    "datetime": _read_datetime,
    "reference": _read_id,
    "id": _read_id,
}


def read_value(field: Field, value: Any, problems: Problems) -> Any:
    """The value as the org stores it.

    Parameters
    ----------
    field
        The field it is for.
    value
        What the client's JSON said.
    problems
        Receives what the field's rules refuse.

    Raises
    ------
    ApiError
        `JSON_PARSER_ERROR` for a JSON type that the field cannot take.
    """
    if value is None:
        if field.type == "boolean":
            raise _wrong_type(field, value)
        return None
    reader: Reader = _READERS.get(field.type, _read_text)
    return reader(field, value, problems)
