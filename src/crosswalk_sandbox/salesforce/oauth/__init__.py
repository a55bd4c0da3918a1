"""Who may use an org: connected apps, logins of users, access tokens and what becomes of them.

May import Starlette, msgspec, joserfc and the org's small modules (`ids`, `times`, `errors`, `http`); it sees the org's
records only through `users`. Start with `server`, which holds one org's share of all of it: `grants` answers token
requests, `web_flow` leads a person from the authorization request to a code, `sessions` knows the access tokens in
force, `refusals` has the vendor's words. `endpoints` and `pages` are the HTTP side, `administration` is what the
control API can set. Facts come from the vendor's documentation, from the test data of its mobile SDK (JWT access
tokens), and from replies that public clients were written against.
"""

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp
from crosswalk_sandbox.salesforce.oauth.refusals import TokenRefused
from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer
from crosswalk_sandbox.salesforce.oauth.sessions import Session, Sessions

__all__ = ["AuthorizationServer", "ConnectedApp", "Session", "Sessions", "TokenRefused"]
