"""Who the user of a token is, in the two forms in which the vendor tells it."""

from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.table import Row

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer


def identity(server: "AuthorizationServer", row: Row, *, is_asserted: bool, version: str | None) -> dict[str, Any]:
    """The body of an identity URL.

    Parameters
    ----------
    server
        The org's authorization server.
    row
        The user's record.
    is_asserted
        Whether it is the token's own user.
    version
        API version for the addresses in it, such as `62.0`; the vendor leaves `{version}` in them without one.
    """
    return {
        "id": server.identity_url(row["Id"]),
        "asserted_user": is_asserted,
        "user_id": row["Id"],
        "organization_id": server.organization_id,
        "username": row["Username"],
        "nick_name": row.get("CommunityNickname"),
        "display_name": row["Name"],
        "email": row["Email"],
        "email_verified": True,
        "first_name": row.get("FirstName"),
        "last_name": row["LastName"],
        "timezone": row["TimeZoneSidKey"],
        "photos": _photos(server),
        "addr_street": row.get("Street"),
        "addr_city": row.get("City"),
        "addr_state": row.get("State"),
        "addr_country": row.get("Country"),
        "addr_zip": row.get("PostalCode"),
        "mobile_phone": row.get("MobilePhone"),
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": _urls(server, row["Id"], version or "{version}"),
        "active": row["IsActive"],
        "user_type": str(row["UserType"]).upper(),
        "language": row["LanguageLocaleKey"],
        "locale": row["LocaleSidKey"],
        "utcOffset": 0,
        "last_modified_date": row["LastModifiedDate"],
        "is_app_installed": True,
    }


def user_info(server: "AuthorizationServer", row: Row) -> dict[str, Any]:
    """The claims about a user, as OpenID Connect names them and with the vendor's own."""
    photos = _photos(server)
    return {
        "sub": server.identity_url(row["Id"]),
        "user_id": row["Id"],
        "organization_id": server.organization_id,
        "preferred_username": row["Username"],
        "nickname": row.get("CommunityNickname"),
        "name": row["Name"],
        "email": row["Email"],
        "email_verified": True,
        "given_name": row.get("FirstName"),
        "family_name": row["LastName"],
        "zoneinfo": row["TimeZoneSidKey"],
        "photos": photos,
        "profile": f"{server.instance_url}/{row['Id']}",
        "picture": photos["picture"],
        "address": {"country": row["Country"]} if row.get("Country") else {},
        "is_salesforce_integration_user": False,
        "urls": _urls(server, row["Id"], "{version}"),
        "active": row["IsActive"],
        "user_type": str(row["UserType"]).upper(),
        "language": row["LanguageLocaleKey"],
        "locale": row["LocaleSidKey"],
        "utcOffset": 0,
        "updated_at": row["SystemModstamp"].replace(".000+0000", "Z"),
        "is_app_installed": True,
    }


def _photos(server: "AuthorizationServer") -> dict[str, str]:
    return {name: f"{server.instance_url}/profilephoto/005/{letter}" for name, letter in _PHOTOS.items()}


def _urls(server: "AuthorizationServer", user_id: str, version: str) -> dict[str, str]:
    short = server.organization_id[:15]
    urls = {name: f"/services/Soap/{kind}/{version}/{short}" for name, kind in _SOAP.items()}
    urls["rest"] = f"/services/data/v{version}/"
    urls |= {name: f"/services/data/v{version}/{path}" for name, path in _REST.items()}
    urls["profile"] = f"/{user_id}"
    return {name: f"{server.instance_url}{path}" for name, path in urls.items()} | {
        "custom_domain": server.instance_url
    }


_PHOTOS = {"picture": "F", "thumbnail": "T"}
_SOAP = {"enterprise": "c", "metadata": "m", "partner": "u", "tooling_soap": "T"}
_REST = {
    "sobjects": "sobjects/",
    "search": "search/",
    "query": "query/",
    "recent": "recent/",
    "tooling_rest": "tooling/",
    "feeds": "chatter/feeds",
    "groups": "chatter/groups",
    "users": "chatter/users",
    "feed_items": "chatter/feed-items",
    "feed_elements": "chatter/feed-elements",
}
