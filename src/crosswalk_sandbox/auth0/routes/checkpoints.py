"""Lists that can be read page by page or, with ``from`` and ``take``, from checkpoint to checkpoint."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.paging import MOST_PER_PAGE, page_of, projected
from crosswalk_sandbox.auth0.problems import invalid_query
from crosswalk_sandbox.auth0.routes.exchange import Query


def totals_or_checkpoint(items: list[dict[str, Any]], query: Query, name: str, *, key: str = "id") -> Any:
    """Return the page of `items` that a request asks for, by number or by checkpoint.

    Parameters
    ----------
    items : list of dict
        All items in their order.
    name : str
        Under which an answer with totals, or by checkpoint, holds them.
    key : str
        The property that tells one item from the others.
    """
    if "from" not in query and "take" not in query:
        return page_of(items, query, name, default_size=50)
    take = query.number("take", default=50, minimum=1, maximum=MOST_PER_PAGE)
    keys = [item[key] for item in items]
    start = 0
    if query.text("from"):
        if query.text("from") not in keys:
            raise invalid_query(f"Unknown checkpoint: {query.text('from')}", "from", "Id from which to start selection")
        start = keys.index(query.text("from"))
    page: dict[str, Any] = {name: items[start : start + take]}
    if start + take < len(items):
        page["next"] = keys[start + take]
    return page


def page_by_checkpoint(items: list[dict[str, Any]], query: Query, name: str, *, key: str = "id") -> dict[str, Any]:
    """Return the page that a request asks for, always as an object, of whose items only the wanted fields show."""
    page = totals_or_checkpoint(items, query, name, key=key)
    listed = page[name] if isinstance(page, dict) else page
    rest = page if isinstance(page, dict) else {}
    return {**rest, name: [projected(one, query) for one in listed]}
