"""One org's authorization server: its apps, users, codes, tokens and logins, in one place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.oauth.approvals import Approvals
from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp, ConnectedApps
from crosswalk_sandbox.salesforce.oauth.clients import credentials_of
from crosswalk_sandbox.salesforce.oauth.codes import Codes
from crosswalk_sandbox.salesforce.oauth.grants import grant
from crosswalk_sandbox.salesforce.oauth.keys import SigningKey
from crosswalk_sandbox.salesforce.oauth.login_rate import LoginRate
from crosswalk_sandbox.salesforce.oauth.logins import BrowserSessions, PendingLogins
from crosswalk_sandbox.salesforce.oauth.refresh_tokens import Family, RefreshTokens
from crosswalk_sandbox.salesforce.oauth.refusals import OrderedRefusals, TokenRefused
from crosswalk_sandbox.salesforce.oauth.sessions import TOKEN_LIFETIME, Sessions
from crosswalk_sandbox.salesforce.oauth.users import Users

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org


class AuthorizationServer:
    """Everything about logging in to one org.

    Parameters
    ----------
    org
        The org; its address and clock are looked up when they are needed.
    app
        The connected app that the org comes with.
    """

    def __init__(self, org: "Org", app: ConnectedApp) -> None:
        self._org = org
        self.organization_id = org.organization_id
        self.clock = org.clock
        self.app = app
        self.apps = ConnectedApps(app)
        self.users = Users(org)
        self.key = SigningKey(org.organization_id)
        self.sessions = Sessions(org.organization_id, org.clock, self.users.is_active)
        self.refresh_tokens = RefreshTokens(self._forget_approval)
        self.codes = Codes()
        self.approvals = Approvals()
        self.refusals = OrderedRefusals()
        self.login_rate = LoginRate(org.clock)
        self.browser_sessions = BrowserSessions(org.clock)
        self.pending_logins = PendingLogins(org.clock)

    @property
    def instance_url(self) -> str:
        """The org's own address, which is also the issuer of its tokens."""
        return self._org.instance_url

    def identity_url(self, user_id: str) -> str:
        """The address of a user's identity."""
        return f"{self.instance_url}/id/{self.organization_id}/{user_id}"

    def reset(self) -> None:
        """Back to the app, passwords and lifetimes of a new org; access and refresh tokens stay."""
        self.apps.reset()
        self.users.reset()
        self.codes.clear()
        self.approvals.clear()
        self.refusals.clear()
        self.login_rate.clear()
        self.browser_sessions.clear()
        self.pending_logins.clear()
        self.sessions.lifetime = TOKEN_LIFETIME

    def grant(self, form: Mapping[str, str], authorization: str = "") -> dict[str, Any]:
        """Answer a token request.

        Parameters
        ----------
        form
            Its form fields.
        authorization
            Its `Authorization` header.

        Raises
        ------
        TokenRefused
            With the vendor's error and description.
        """
        return grant(self, form, credentials_of(form, authorization))

    def revoke(self, token: str) -> None:
        """End an access token; or a refresh token with all access tokens that it has brought.

        Raises
        ------
        TokenRefused
            For a token that is neither.
        """
        if self.sessions.is_valid(token):
            self.sessions.end(token)
            return
        family = self.refresh_tokens.find(token)
        if family is None:
            raise TokenRefused("invalid_token", "invalid token")
        self.refresh_tokens.revoke(family)

    def _forget_approval(self, family: Family) -> None:
        """A user who has no refresh token of an app any more has to approve it anew."""
        user_id, consumer_key = family.authorization.user_id, family.authorization.consumer_key
        if not self.refresh_tokens.families_of(user_id, consumer_key):
            self.approvals.take_back(user_id, consumer_key)
