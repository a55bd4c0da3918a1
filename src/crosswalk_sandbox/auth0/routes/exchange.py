"""Reading requests and writing answers the way the Management API does."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem, invalid_query


def answer(payload: Any, status: int = 200) -> Response:
    """Return `payload` as a JSON answer."""
    return Response(msgspec.json.encode(payload), status, media_type="application/json; charset=utf-8")


def no_content() -> Response:
    """Return the answer to a successful delete."""
    return Response(status_code=204)


def refusal(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return a problem as the vendor's error body."""
    response = answer(problem.body(), problem.status)
    response.headers.update(headers or {})
    return response


async def read_json(request: Request) -> Any:
    """Return the request's JSON body, or raise the vendor's 400."""
    try:
        return msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        raise Problem(400, "Invalid request payload JSON format", "invalid_body") from None


def origin_of(request: Request) -> Origin:
    """Return who sent an authenticated Management API request."""
    claims: dict[str, Any] = request.scope["auth0.claims"]
    return Origin(
        client_id=claims["azp"],
        client_name=request.scope["auth0.client_name"],
        ip=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", ""),
        hostname=request.headers.get("host", ""),
        token_id=claims["jti"],
    )


class Query:
    """The query string of a request, of which only the `allowed` parameters may be there."""

    def __init__(self, request: Request, allowed: tuple[str, ...]) -> None:
        self._values = request.query_params
        unknown = [name for name in self._values if name not in allowed]
        if unknown:
            raise invalid_query(f"Additional properties not allowed: {','.join(unknown)}")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Return a parameter, or an empty text."""
        return self._values.get(name, "")

    def all(self, name: str) -> list[str]:
        """Return every occurrence of a repeated parameter."""
        return self._values.getlist(name)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a parameter that is true or false."""
        value = self._values.get(name)
        if value is None:
            return default
        if value.lower() not in {"true", "false"}:
            raise invalid_query(f"Expected type boolean but found type string: {value}", name, name)
        return value.lower() == "true"

    def number(self, name: str, *, default: int, minimum: int = 0, maximum: int | None = None) -> int:
        """Return a whole number within its bounds."""
        value = self._values.get(name)
        if value is None:
            return default
        if not value.isdecimal():
            raise invalid_query(f"Expected type integer but found type string: {value}", name, name)
        number = int(value)
        if number < minimum:
            raise invalid_query(f"Value {number} is less than minimum {minimum}", name, name)
        if maximum is not None and number > maximum:
            raise invalid_query(f"Value {number} is greater than maximum {maximum}", name, name)
        return number

    def names(self, name: str) -> list[str]:
        """Return a comma-separated list, empty when the parameter is absent."""
        return [part for part in self.text(name).split(",") if part]
