"""Who may call the Pub/Sub API: a session of the org, named along with the org itself in each call's metadata."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crosswalk_sandbox.salesforce.pubsub.refusals import headers_invalid, not_authenticated

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

_HEADERS = ("accesstoken", "instanceurl", "tenantid")


def tenant_guid(org: "Org") -> str:
    """The org as the API names it."""
    return f"CORE/prod/{org.organization_id}"


def authenticate(org: "Org", metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """The access token of a call.

    Raises
    ------
    Refusal
        Unless all three headers are there, the session is in force, and the org is this one.
    """
    given = {key: value if isinstance(value, str) else value.decode("latin-1") for key, value in metadata}
    for name in _HEADERS:
        if not given.get(name, "").strip():
            raise headers_invalid(name)
    is_this_org = given["instanceurl"].rstrip("/") == org.instance_url and given["tenantid"] in (
        org.organization_id,
        tenant_guid(org),
    )
    if not is_this_org or not opens(org, given["accesstoken"]):
        raise not_authenticated()
    return given["accesstoken"]


def opens(org: "Org", token: str) -> bool:
    """Whether an access token is good for the API now."""
    session = org.sessions.find(token)
    return session is not None and session.opens_rest
