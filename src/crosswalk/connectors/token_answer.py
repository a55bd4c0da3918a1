"""What an OAuth token endpoint answers (RFC 6749, section 5): a token, a refusal, or nothing for now."""

from collections.abc import Callable
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.errors import CallRefused, CredentialsRefused, MalformedAnswer

T = TypeVar("T", bound=Struct)

Refuse = Callable[[str, str], CredentialsRefused]
"""Makes the error of the endpoint's `error` and `error_description`: what to check differs from vendor to vendor."""


class _TokenError(Struct):
    error: str = "unknown_error"
    error_description: str = ""


def read_token_answer(
    answer: httpx.Response, expected: type[T], *, service: str, call: str, outage: tuple[str, str], refuse: Refuse
) -> T:
    """Return the token that was given, with what the vendor tells beside it.

    Parameters
    ----------
    answer
        The endpoint's.
    expected
        What a token comes with.
    service, call
        The host that was asked, and method and path, for the errors.
    outage
        Code and message of an answer that decides nothing: the endpoint is busy or out of order.
    refuse
        Makes the error of a refusal.

    Raises
    ------
    CredentialsRefused
        The endpoint says no.
    CallRefused
        It has an outage, or had too many calls.
    MalformedAnswer
        It answered something else than the specification says.
    """
    if answer.status_code >= 500 or answer.status_code == 429:
        code, message = outage
        raise CallRefused(service=service, call=call, status=answer.status_code, code=code, message=message)
    if answer.status_code != 200:
        try:
            said = msgspec.json.decode(answer.content, type=_TokenError)
        except msgspec.DecodeError:
            said = _TokenError(error=f"http_{answer.status_code}", error_description="the answer was not JSON")
        raise refuse(said.error, said.error_description)
    try:
        return msgspec.json.decode(answer.content, type=expected)
    except msgspec.DecodeError as error:
        required = [field.name for field in msgspec.structs.fields(expected) if field.required]
        raise MalformedAnswer(service, call, f"{' and '.join(required)} as JSON", "something else") from error
