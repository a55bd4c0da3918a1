"""Post-login Actions of a login in a browser, which redirects and second factors may interrupt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from crosswalk_sandbox.auth0.actions.claims import ClaimsTooLarge, allowed_claims
from crosswalk_sandbox.auth0.actions.consequences import log_trouble, store_metadata
from crosswalk_sandbox.auth0.actions.event_objects import Asked, LoginMoment, login_event
from crosswalk_sandbox.auth0.actions.progress import LoginActions
from crosswalk_sandbox.auth0.actions.runs import Effects, Factor, Outcome, Run
from crosswalk_sandbox.auth0.actions.triggers import POST_LOGIN
from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.signin.authorizations import Authorization
from crosswalk_sandbox.auth0.signin.errors import Denied
from crosswalk_sandbox.auth0.signin.sessions import Session
from crosswalk_sandbox.auth0.signin.transactions import Transaction

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

OTP = "otp"


def lacks_actions(tenant: Tenant, transaction: Transaction) -> bool:
    """Tell whether Actions have to run before the login goes on."""
    progress = transaction.actions
    if progress.is_done or progress.position >= len(progress.planned or (None,)):
        return False
    return progress.planned is not None or bool(tenant.actions.bindings.versions_at(POST_LOGIN))


def login_run(
    tenant: Tenant, transaction: Transaction, authorization: Authorization, session: Session | None, origin: Origin
) -> Run:
    """Return the run of the Actions that come next."""
    progress = transaction.actions
    if progress.planned is None:
        progress.planned = tenant.actions.planned(POST_LOGIN)
    request = transaction.request
    authorization = replace(authorization, scopes=request.scopes)
    moment = LoginMoment(
        authorization,
        protocol="oidc-basic-profile",
        origin=origin,
        connection=tenant.connections.named(transaction.connection),
        asked=progress.came_back or Asked("GET", dict(transaction.query)),
        logins=tenant.users.get(authorization.user_id).get("logins_count", 0) + 1,
        session=session_object(transaction, session),
        more=transaction_properties(transaction),
    )
    return Run(
        POST_LOGIN,
        progress.planned[progress.position :],
        login_event(tenant, moment),
        resumes=progress.came_back is not None,
        state=transaction.state,
        can_redirect="none" not in request.prompts,
    )


def transaction_properties(transaction: Transaction) -> dict[str, Any]:
    """Return what the event's `transaction` tells of a login in a browser."""
    request = transaction.request
    told: dict[str, Any] = {
        "id": transaction.actions.sid[:16],
        "metadata": dict(transaction.actions.metadata),
        "prompt": sorted(request.prompts),
        "redirect_uri": request.address.redirect_uri,
        "response_mode": request.address.response_mode,
        "response_type": ["code"],
    }
    if request.login_hint:
        told["login_hint"] = request.login_hint
    if request.address.state is not None:
        told["state"] = request.address.state
    return told


def session_object(transaction: Transaction, session: Session | None) -> dict[str, Any]:
    """Return the session that the login continues or will begin, as the event shows it."""
    if session is None or transaction.fresh or session.user_id != transaction.user_id:
        return {"id": transaction.actions.sid}
    return {
        "id": session.sid,
        "authenticated_at": iso_milliseconds(session.auth_time),
        "created_at": iso_milliseconds(session.created),
        "last_interacted_at": iso_milliseconds(session.seen),
        "user_id": session.user_id,
    }


def take_login_outcome(
    tenant: Tenant, transaction: Transaction, session: Session | None, outcome: Outcome, origin: Origin
) -> None:
    """Let a login go on as its Actions want it.

    Raises
    ------
    Denied
        When one of them lets nobody through, failed, or asked for what this login cannot do.
    """
    progress, effects = transaction.actions, outcome.effects
    user_id = transaction.user_id or ""
    progress.executions.append(outcome.execution.id)
    log_trouble(tenant, outcome, user_id, origin)
    if outcome.not_run:
        progress.is_done = True
        return
    if outcome.error is not None:
        raise Denied("access_denied", outcome.error.msg)
    progress.take(outcome)
    if effects.primary_user is not None:
        user_id = transaction.user_id = primary_user(tenant, user_id, effects.primary_user)
    store_metadata(tenant, user_id, effects, origin)
    transaction.methods.extend(url for url in effects.methods if url not in transaction.methods)
    if session is not None and session.user_id == user_id:
        end_as_wanted(tenant, session, effects)
    if effects.denied is not None:
        raise Denied(effects.denied.code or "access_denied", effects.denied.reason or "")
    check_claims(progress)
    if effects.redirect is not None:
        if "none" in transaction.request.prompts:
            raise Denied("interaction_required", "Redirection is not available on /authorize?prompt=none")
        progress.url = with_state(effects.redirect.url, transaction.state)
    elif effects.factor is not None:
        progress.position += 1
        progress.wants_factor = is_missing(tenant, transaction, effects.factor)
        progress.is_done = progress.position >= len(progress.planned or ()) and not progress.wants_factor


def end_as_wanted(tenant: Tenant, session: Session, effects: Effects) -> None:
    """End a session, or the refresh tokens that came of it, when Actions revoke them."""
    if effects.revoke_refresh_tokens:
        tenant.signin.refresh_tokens.revoke_of_session(session.user_id, session.sid)
    if effects.revoke_session:
        tenant.signin.sessions.end(session)


def primary_user(tenant: Tenant, account: str, user_id: str) -> str:
    """Return the user in whose name a login goes on after its account was linked to that user's.

    Parameters
    ----------
    account : str
        Who logged in; gone as a user of its own by now.
    """
    if tenant.users.owner_of(account) != user_id:
        raise Denied("access_denied", f"The account that logged in is not among the identities of {user_id}")
    return user_id


def check_claims(progress: LoginActions) -> None:
    """Refuse a login whose tokens would grow beyond the vendor's bounds."""
    try:
        allowed_claims(progress.id_claims)
        allowed_claims(progress.access_claims)
    except ClaimsTooLarge as error:
        raise Denied("access_denied", str(error)) from None


def is_missing(tenant: Tenant, transaction: Transaction, factor: Factor) -> bool:
    """Tell whether the second factor that an Action wants has yet to be shown; raise for one that cannot be."""
    if OTP not in factor.types:
        raise Denied("access_denied", f"None of the requested factors is enabled: {', '.join(factor.types)}")
    if "mfa" in transaction.methods:
        return False
    enrolled = tenant.signin.enrollments.find(transaction.user_id or "") is not None
    if enrolled != (factor.kind == "challenge"):
        known = "is not enrolled" if factor.kind == "challenge" else "is enrolled already"
        raise Denied("access_denied", f"None of the requested factors can be used: {OTP} {known}")
    return True


def wants_second_factor_first(transaction: Transaction) -> bool:
    """Tell whether an Action waits for a second factor before the next one runs."""
    return transaction.actions.wants_factor and "mfa" not in transaction.methods


def needs_second_factor(tenant: Tenant, transaction: Transaction) -> bool:
    """Tell whether a second factor comes at the end of a login, where Actions overrule the tenant's policy."""
    if "mfa" in transaction.methods:
        return False
    wanted = transaction.actions.multifactor
    return wanted != "none" if wanted else bool(tenant.signin.mfa_policies)


def with_state(url: str, state: str) -> str:
    """Return `url` with the key that brings the browser back to its login."""
    parts = urlsplit(url)
    added = urlencode({"state": state})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def with_actions(authorization: Authorization, progress: LoginActions) -> Authorization:
    """Return an authorization with what Actions have added to its tokens."""
    return replace(
        authorization,
        id_claims=allowed_claims(progress.id_claims),
        access_claims=allowed_claims(progress.access_claims),
        scope_changes=tuple(progress.scopes.items()),
    )
