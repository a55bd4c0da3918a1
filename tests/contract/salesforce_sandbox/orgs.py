"""An org in process, with a clock that stands still, for tests that need no HTTP."""

from datetime import UTC, datetime
from typing import Any

from crosswalk_sandbox.salesforce import Org
from crosswalk_sandbox.salesforce.soql import parse_query, run_query

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)  # a Wednesday


def an_org(*, now: datetime = NOON, person_accounts: bool = False) -> Org:
    return Org(
        instance_url="https://org.example",
        client_id="id",
        client_secret="secret",
        username="integration@example.com",
        jwt_certificate_pem=None,
        clock=lambda: now,
        person_accounts=person_accounts,
    )


def selected(org: Org, query: str) -> list[dict[str, Any]]:
    """The records of a query."""
    return list(run_query(parse_query(query), org, version="v62.0").records)


def values(org: Org, query: str) -> list[tuple[Any, ...]]:
    """The selected values of each record, in order."""
    return [tuple(value for name, value in record.items() if name != "attributes") for record in selected(org, query)]
