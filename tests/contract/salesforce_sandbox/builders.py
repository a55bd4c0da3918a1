"""Records that the tests write, and short ways to send them."""

from typing import Any

API = "/services/data/v62.0"


def a_lead(**fields: Any) -> dict[str, Any]:
    """A Lead with what the org requires; None leaves a field out."""
    lead = {"FirstName": "Ada", "LastName": "Byron", "Company": "Analytical Engines", **fields}
    return {name: value for name, value in lead.items() if value is not None}


def typed(object_name: str, record: dict[str, Any]) -> dict[str, Any]:
    """The form of a record inside a collections call."""
    return {"attributes": {"type": object_name}, **record}
