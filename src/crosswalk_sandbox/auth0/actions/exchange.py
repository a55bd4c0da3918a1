"""Actions at the token endpoint: post-login at logins without a browser and refreshes, and credentials-exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.auth0.actions.claims import ClaimsTooLarge, allowed_claims
from crosswalk_sandbox.auth0.actions.consequences import log_trouble, store_metadata
from crosswalk_sandbox.auth0.actions.event_objects import LoginMoment, exchange_event, login_event
from crosswalk_sandbox.auth0.actions.pending import Pending
from crosswalk_sandbox.auth0.actions.runs import Effects, Outcome, Run
from crosswalk_sandbox.auth0.actions.triggers import CREDENTIALS_EXCHANGE, POST_LOGIN
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.signin.authorizations import Authorization
from crosswalk_sandbox.auth0.signin.errors import OAuthError
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

Body = dict[str, Any]
# The vendor answers 500 when an Action denies a login without a browser, as its users report; for applications the
# status follows the code that the Action chose.
DENIED_STATUS = 500
EXCHANGE_STATUSES = {"invalid_scope": 400, "invalid_request": 400, "server_error": 500}


def after_login_actions(
    tenant: Tenant, moment: LoginMoment, failure: str, go_on: Callable[[Authorization, Effects], Body]
) -> Body | Pending[Body]:
    """Go on with a grant in the name of a user once the post-login Actions have run.

    Parameters
    ----------
    failure : str
        Type of the log when they let nobody through.
    go_on : callable
        Takes the authorization with what they have added to its tokens, and all that they asked for.
    """
    planned = tenant.actions.planned(POST_LOGIN)
    if not planned:
        return go_on(moment.authorization, Effects())

    def finish(outcome: Outcome) -> Body:
        return go_on(permitted(tenant, moment, outcome, failure), outcome.effects)

    return Pending(Run(POST_LOGIN, planned, login_event(tenant, moment)), finish)


def permitted(tenant: Tenant, moment: LoginMoment, outcome: Outcome, failure: str) -> Authorization:
    """Return the authorization as the Actions want it, or raise what the application is told instead."""
    authorization, effects = moment.authorization, outcome.effects
    user_id = authorization.user_id
    log_trouble(tenant, outcome, user_id, moment.origin)
    if outcome.error is None and not outcome.not_run:
        store_metadata(tenant, user_id, effects, moment.origin)
        if effects.revoke_refresh_tokens:
            tenant.signin.refresh_tokens.revoke_of_session(user_id, authorization.sid)
    refusal = refusal_of(outcome)
    if refusal is not None:
        log_user_id(tenant, failure, user_id, moment.origin, refusal.description, outcome.log_details())
        raise refusal
    try:
        return replace(
            authorization,
            id_claims=allowed_claims(effects.id_token),
            access_claims=allowed_claims(effects.access_token),
            scope_changes=tuple(effects.scopes.items()),
        )
    except ClaimsTooLarge as error:
        raise OAuthError(DENIED_STATUS, "access_denied", str(error)) from None


def refusal_of(outcome: Outcome) -> OAuthError | None:
    """Return why a login without a browser does not succeed, or None when it does."""
    if outcome.error is not None:
        return OAuthError(DENIED_STATUS, "access_denied", outcome.error.msg)
    denied = outcome.effects.denied
    if denied is not None:
        return OAuthError(DENIED_STATUS, denied.code or "access_denied", denied.reason or "")
    if outcome.effects.redirect is not None or outcome.effects.factor is not None:
        return OAuthError(DENIED_STATUS, "interaction_required", "There is no browser to interact with")
    return None


def after_exchange_actions(
    tenant: Tenant,
    client_id: str,
    server: dict[str, Any],
    scopes: list[str],
    organization_id: str | None,
    origin: Origin,
    go_on: Callable[[dict[str, Any]], Body],
) -> Body | Pending[Body]:
    """Go on with an application's own token once the credentials-exchange Actions have run; they may add claims."""
    planned = tenant.actions.planned(CREDENTIALS_EXCHANGE)
    if not planned:
        return go_on({})
    event = exchange_event(tenant, client_id, server["identifier"], scopes, organization_id, origin)

    def finish(outcome: Outcome) -> Body:
        log_trouble(tenant, outcome, "", origin)
        denied = outcome.effects.denied
        if outcome.error is not None:
            log_application(tenant, "feccft", origin, outcome.error.msg, details=outcome.log_details())
            raise OAuthError(500, "server_error", outcome.error.msg)
        if denied is not None:
            code = denied.code or "invalid_request"
            log_application(tenant, "feccft", origin, denied.reason or code, details=outcome.log_details())
            raise OAuthError(EXCHANGE_STATUSES.get(code, 400), code, denied.reason or code)
        # Tokens for the vendor's own API carry claims with a namespace only.
        return go_on(allowed_claims(outcome.effects.access_token, namespaced_only=server["is_system"]))

    return Pending(Run(CREDENTIALS_EXCHANGE, planned, event), finish)
