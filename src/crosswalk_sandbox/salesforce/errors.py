"""The vendor's two error forms: an error of the whole call, and an error of one record."""

from dataclasses import dataclass, field
from typing import Any


class ApiError(Exception):
    """A call that is refused as a whole, answered as `[{message, errorCode, fields?}]` with an HTTP status.

    Parameters
    ----------
    status
        HTTP status code.
    code
        The vendor's `errorCode`.
    message
        The vendor's wording.
    fields
        API names of the fields concerned; left out of the body when None.
    """

    def __init__(self, status: int, code: str, message: str, fields: list[str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[dict[str, Any]]:
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            entry["fields"] = self.fields
        return [entry]


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """One reason why one record was refused; `details` are further keys of the error's JSON."""

    code: str
    message: str
    fields: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def as_result_error(self) -> dict[str, Any]:
        """The form inside a collections result."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields, **self.details}

    def as_call_error(self) -> dict[str, Any]:
        """The form in the body of a call about one record."""
        return {"message": self.message, "errorCode": self.code, "fields": self.fields, **self.details}


class RecordRefused(Exception):
    """One record cannot be written, for one or more reasons.

    Parameters
    ----------
    problems
        What the vendor would list.
    status
        HTTP status when the call is about this record alone.
    """

    def __init__(self, *problems: RecordProblem, status: int = 400) -> None:
        super().__init__("; ".join(f"{problem.code}: {problem.message}" for problem in problems))
        self.problems = problems
        self.status = status


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """The vendor's 404 for an unknown path or record."""
    return ApiError(404, "NOT_FOUND", message)


def parser_error(message: str) -> ApiError:
    """The vendor's 400 for a body that is no JSON or has a value of the wrong JSON type."""
    return ApiError(400, "JSON_PARSER_ERROR", message)
