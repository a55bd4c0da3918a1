"""Sorting, paging and field selection of lists, with the vendor's limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from crosswalk_sandbox.auth0.problems import Problem, invalid_query
from crosswalk_sandbox.auth0.search import values_at

MOST_PER_PAGE = 100
MOST_RESULTS = 1_000
# The lists whose totals also say how many items this page has.
WITH_LENGTH = frozenset({"users", "logs"})


class Parameters(Protocol):
    """The part of a query string that paging reads."""

    def __contains__(self, name: str) -> bool: ...

    def text(self, name: str) -> str: ...

    def names(self, name: str) -> list[str]: ...

    def flag(self, name: str, *, default: bool) -> bool: ...

    def number(self, name: str, *, default: int, minimum: int = 0, maximum: int | None = None) -> int: ...


def sorted_by(documents: Sequence[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Return `documents` by ``field:1`` (ascending) or ``field:-1``; those without the field come last."""
    field, _, order = sort.rpartition(":")
    if not field or order not in {"1", "-1"}:
        raise invalid_query(f"String does not match pattern field:1 or field:-1: {sort}", "sort", "Field to sort by")
    present = [(values[0], document) for document in documents if (values := values_at(document, field))]
    absent = [document for document in documents if not values_at(document, field)]
    present.sort(key=lambda pair: (type(pair[0]).__name__, pair[0]))
    if order == "-1":
        # Equal values turn round as well, so that descending is exactly the reverse of ascending.
        present.reverse()
    return [document for _, document in present] + absent


def page_of(documents: Sequence[dict[str, Any]], query: Parameters, name: str, *, default_size: int) -> Any:
    """Return one page of `documents`: a plain list, or with `include_totals` an object holding the list as `name`.

    Raises
    ------
    Problem
        400 ``invalid_query_string`` for more than 100 a page, 400 ``invalid_paging`` beyond the first 1,000 results.
    """
    page = query.number("page", default=0)
    size = query.number("per_page", default=default_size, maximum=MOST_PER_PAGE)
    start = page * size
    if start + size > MOST_RESULTS:
        raise Problem(
            400,
            "You can only page through the first 1000 records. See "
            "https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
            "invalid_paging",
        )
    items = [projected(document, query) for document in documents[start : start + size]]
    if not query.flag("include_totals", default=False):
        return items
    totals: dict[str, Any] = {"start": start, "limit": size, "total": len(documents), name: items}
    if name in WITH_LENGTH:
        totals["length"] = len(items)
    return totals


def projected(document: dict[str, Any], query: Parameters) -> dict[str, Any]:
    """Return `document` with only, or without, the top-level `fields` that the request names."""
    fields = set(query.names("fields"))
    if not fields:
        return document
    including = query.flag("include_fields", default=True)
    return {name: value for name, value in document.items() if (name in fields) == including}
