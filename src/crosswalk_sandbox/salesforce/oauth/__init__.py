"""Who may use an org: connected apps, logins of users, access tokens and what becomes of them.

May import Starlette, msgspec, joserfc and the org's small modules (`ids`, `times`, `errors`, `http`); it sees the org's
records only through `users`. Start with `server`, which holds one org's share of all of it: `grants` answers token
requests, `web_flow` leads a person from the authorization request to a code, `sessions` knows the access tokens in
force, `refusals` has the vendor's words. `endpoints` and `pages` are the HTTP side, `administration` is what the
control API can set. Facts come from the vendor's documentation, from the test data of its mobile SDK (JWT access
tokens), and from replies that public clients were written against.

Decided without a recording
    A challenge is always for S256, as the vendor documents it, and the method `plain` is refused. A code that is used
    again is refused, and what its first use brought stays good. A request that may not come from the app is answered
    in the browser with the refusal as text. An app that its administrator has approved for others refuses with
    `invalid_app_access`. A user's approval ends with the last refresh token that came of it. Access tokens of one
    person are different ones each time, and the API's own use does not lengthen them. Introspection is refused with
    400. The wording of what is missing in a request. One signing key, which never changes.
    `sfap_op` and its like, which the vendor puts into tokens of its newer products, are left out.

Not emulated
    The user-agent, device, token exchange, SAML and hybrid flows; dynamic registration, DPoP, JSONP and XML as form of
    a reply; installation of apps, profiles and permission sets as approval; IP ranges and login hours except on order;
    multi-factor logins, locked and frozen users, expired passwords; login history.
"""

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp
from crosswalk_sandbox.salesforce.oauth.refusals import TokenRefused
from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer
from crosswalk_sandbox.salesforce.oauth.sessions import Session, Sessions

__all__ = ["AuthorizationServer", "ConnectedApp", "Session", "Sessions", "TokenRefused"]
