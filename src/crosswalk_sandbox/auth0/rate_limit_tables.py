"""The vendor's published request limits by plan ("Rate Limit Configurations"), for the endpoints that exist here.

Three plans: `free`; `essentials`, whose Management API has limits by endpoint and one for all others together; and
`enterprise`, with `enterprise-non-production` for tenants that are not tagged as production. Limits for endpoints that
only some plans list hold for those plans alone. Logins to one account from one address are limited on every plan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Plan = Literal["free", "essentials", "enterprise", "enterprise-non-production"]
Key = Literal["any", "ip", "user", "ip and page", "ip, page and state", "ip and account"]
READ, WRITE = ("GET",), ("POST", "PATCH", "PUT", "DELETE")
SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket's size, and how many requests are added to it in how many seconds."""

    burst: int
    added: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EndpointLimit:
    """A limit of some endpoints, shared by all requests that have the same key."""

    name: str
    methods: tuple[str, ...]
    path: re.Pattern[str]
    limit: Limit
    key: Key = "any"


def row(methods: tuple[str, ...], path: str, limit: Limit, key: Key = "any") -> EndpointLimit:
    """Return one row of the vendor's tables; `*` in the path stands for one segment of it."""
    pattern = re.compile(re.escape(path).replace(r"\*", "[^/]+"))
    return EndpointLimit(f"{'/'.join(methods)} {path}", methods, pattern, limit, key)


MANAGEMENT: dict[str, Limit | None] = {
    "free": Limit(2, 2, SECOND),
    "essentials": None,
    "enterprise": Limit(50, 16, SECOND),
    "enterprise-non-production": Limit(10, 2, SECOND),
}
AUTHENTICATION: dict[str, Limit] = {
    "free": Limit(300, 300, MINUTE),
    "essentials": Limit(25, 25, SECOND),
    "enterprise": Limit(100, 100, SECOND),
    "enterprise-non-production": Limit(100, 100, SECOND),
}
OTHER_ENDPOINTS: dict[str, Limit] = {"essentials": Limit(10, 150, MINUTE)}
"""What the endpoints without a row share, on the plan that has no limit for all of the Management API."""

ALL_PLANS = (
    row(READ, "/connections/*/status", Limit(100, 15, SECOND)),
    row(("POST",), "/keys/signing/rotate", Limit(5, 5, DAY)),
)
ENTERPRISE = (
    *ALL_PLANS,
    row(READ, "/organizations/name/*", Limit(20, 200, MINUTE)),
    row(("POST",), "/organizations", Limit(5, 150, MINUTE)),
    row(WRITE, "/organizations/*", Limit(5, 150, MINUTE)),
    row(READ, "/organizations/*/members", Limit(40, 500, MINUTE)),
    row(WRITE, "/organizations/*/members", Limit(20, 200, MINUTE)),
    row(READ, "/organizations/*/invitations/*", Limit(20, 200, MINUTE)),
    row(READ, "/organizations/*/members/*/roles", Limit(20, 200, MINUTE)),
    row(WRITE, "/organizations/*/members/*/roles", Limit(20, 200, MINUTE)),
    row(READ, "/organizations/*/enabled_connections", Limit(10, 100, MINUTE)),
    row(WRITE, "/organizations/*/enabled_connections", Limit(5, 150, MINUTE)),
    row(READ, "/organizations/*/client-grants", Limit(10, 100, MINUTE)),
    row(("POST",), "/organizations/*/client-grants", Limit(5, 150, MINUTE)),
    row(WRITE, "/email-templates/*", Limit(10, 100, MINUTE)),
    row(READ, "/email-templates/*", Limit(15, 150, MINUTE)),
    row(WRITE, "/emails/provider", Limit(10, 100, MINUTE)),
    row(READ, "/emails/provider", Limit(15, 150, MINUTE)),
)
ENDPOINTS: dict[str, tuple[EndpointLimit, ...]] = {
    "free": (
        *ALL_PLANS,
        row(WRITE, "/email-templates/*", Limit(5, 25, MINUTE)),
        row(READ, "/email-templates/*", Limit(10, 50, MINUTE)),
        row(WRITE, "/emails/provider", Limit(5, 25, MINUTE)),
        row(READ, "/emails/provider", Limit(5, 25, MINUTE)),
    ),
    "essentials": (
        *ALL_PLANS,
        row(READ, "/users", Limit(40, 500, MINUTE)),
        row(READ, "/users/*", Limit(40, 500, MINUTE)),
        row(("POST",), "/users", Limit(20, 200, MINUTE)),
        row(("PATCH",), "/users/*", Limit(20, 200, MINUTE)),
        row(("DELETE",), "/users/*", Limit(20, 200, MINUTE)),
        row(READ, "/logs", Limit(10, 100, MINUTE)),
        row(READ, "/logs/*", Limit(10, 100, MINUTE)),
        row(READ, "/clients", Limit(5, 100, MINUTE)),
        row(READ, "/connections", Limit(5, 50, MINUTE)),
        row(READ, "/organizations", Limit(5, 50, MINUTE)),
        row(READ, "/organizations/*", Limit(20, 200, MINUTE)),
        row(READ, "/organizations/name/*", Limit(10, 100, MINUTE)),
        row(("POST",), "/organizations", Limit(5, 25, MINUTE)),
        row(WRITE, "/organizations/*", Limit(5, 25, MINUTE)),
        row(READ, "/organizations/*/members", Limit(40, 500, MINUTE)),
        row(WRITE, "/organizations/*/members", Limit(20, 200, MINUTE)),
        row(READ, "/organizations/*/members/*/roles", Limit(20, 200, MINUTE)),
        row(WRITE, "/organizations/*/members/*/roles", Limit(20, 200, MINUTE)),
        row(READ, "/organizations/*/enabled_connections", Limit(5, 50, MINUTE)),
        row(WRITE, "/organizations/*/enabled_connections", Limit(5, 25, MINUTE)),
    ),
    "enterprise": ENTERPRISE,
    "enterprise-non-production": ENTERPRISE,
}
LOGIN_PAGES = (
    row(READ, "/u/*", Limit(20, 10, MINUTE), "ip, page and state"),
    row(("POST",), "/u/*", Limit(10, 5, MINUTE), "ip and page"),
)
ALL_AUTHENTICATION = (
    row(("GET", "POST"), "/userinfo", Limit(10, 5, MINUTE), "user"),
    row(("POST",), "/dbconnections/change_password", Limit(10, 1, MINUTE), "ip and account"),
    row(("GET", "POST"), "/passwordless/start", Limit(50, 50, HOUR), "ip"),
    row(("POST",), "/dbconnections/signup", Limit(50, 50, MINUTE), "ip"),
    row(("POST",), "/oidc/register", Limit(5, 5, SECOND)),
    *LOGIN_PAGES,
)
AUTHENTICATION_ENDPOINTS: dict[str, tuple[EndpointLimit, ...]] = {
    "free": (
        *ALL_AUTHENTICATION,
        row(("POST",), "/oauth/token", Limit(30, 30, SECOND)),
        row(("POST",), "/co/authenticate", Limit(5, 5, SECOND)),
        row(READ, "/.well-known/jwks.json", Limit(20, 20, SECOND)),
    ),
    "essentials": ALL_AUTHENTICATION,
    "enterprise": ALL_AUTHENTICATION,
    "enterprise-non-production": ALL_AUTHENTICATION,
}
SAME_ACCOUNT = Limit(20, 10, MINUTE)
"""Login attempts from one address to one account of a database connection."""

SUBSCRIPTIONS: dict[str, int] = {"free": 1, "essentials": 4, "enterprise": 8, "enterprise-non-production": 8}
"""Event subscriptions that may be open at once ("Consume Events with the Events API")."""

PLANS: tuple[str, ...] = tuple(AUTHENTICATION)
