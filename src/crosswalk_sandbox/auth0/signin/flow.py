"""The way of a login: which page comes next, and the code at its end.

`Flow.next_step` looks at what a login has proven so far and names the one thing that is missing; the pages do that
thing and ask again. A login without pages (``prompt=none``) asks once and turns the answer into the vendor's error.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from crosswalk_sandbox.auth0.actions.login import (
    lacks_actions,
    login_run,
    needs_second_factor,
    wants_second_factor_first,
    with_actions,
)
from crosswalk_sandbox.auth0.actions.runs import Run
from crosswalk_sandbox.auth0.organizations import Organization
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.signin.authorizations import Authorization, Code
from crosswalk_sandbox.auth0.signin.choices import provider_for
from crosswalk_sandbox.auth0.signin.claims import OFFLINE_ACCESS, STANDARD_SCOPES, granted_scopes
from crosswalk_sandbox.auth0.signin.credentials import USER_BLOCKED
from crosswalk_sandbox.auth0.signin.errors import Denied
from crosswalk_sandbox.auth0.signin.organization_prompts import open_question
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id, record_login
from crosswalk_sandbox.auth0.signin.sessions import Session
from crosswalk_sandbox.auth0.signin.transactions import AuthorizationRequest, Transaction
from crosswalk_sandbox.auth0.tenant import Tenant

Step = Literal[
    "organization-selection",
    "login",
    "signup",
    "provider",
    "organization-picker",
    "actions",
    "mfa-otp-challenge",
    "mfa-otp-enrollment",
    "consent",
    "done",
]
SILENT_ERRORS: dict[Step, tuple[str, str]] = {
    "login": ("login_required", "Login required"),
    "signup": ("login_required", "Login required"),
    "provider": ("login_required", "Login required"),
    "mfa-otp-challenge": ("interaction_required", "Multifactor authentication required"),
    "mfa-otp-enrollment": ("interaction_required", "Multifactor authentication required"),
    "consent": ("consent_required", "Consent required"),
    "organization-selection": ("interaction_required", "Organization selection required"),
    "organization-picker": ("interaction_required", "Organization selection required"),
}


class Flow:
    """The logins of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def begin(self, request: AuthorizationRequest, browser: str, session: Session | None) -> Transaction:
        """Start a login, which the browser's session may already have done for the most part."""
        now = self._tenant.clock()
        transaction = self._tenant.signin.transactions.begin(request, browser, now)
        if session is not None and may_reuse(session, request, now):
            transaction.user_id = session.user_id
            transaction.methods = list(session.methods)
            transaction.auth_time = session.auth_time
            transaction.connection = session.connection
        elif provider_for(self._tenant, request, request.connection) is not None:
            transaction.provider = request.connection
        return transaction

    def next_step(self, transaction: Transaction, origin: Origin) -> Step:
        """Return what the login lacks.

        Raises
        ------
        Denied
            When it can never succeed: the user is blocked, or not in the organization, or in none at all.
        """
        if transaction.user_id is None or transaction.request.organization_prompt == "before":
            return first_page(transaction)
        self._check_user(transaction, origin)
        question = open_question(self._tenant, transaction)
        if question is not None:
            return question
        if transaction.request.organization_id is not None:
            self._check_member(transaction, origin)
        if wants_second_factor_first(transaction):
            return self._second_factor(transaction)
        if lacks_actions(self._tenant, transaction):
            return "actions"
        if needs_second_factor(self._tenant, transaction):
            return self._second_factor(transaction)
        return "consent" if self._needs_consent(transaction) else "done"

    def _second_factor(self, transaction: Transaction) -> Step:
        enrolled = self._tenant.signin.enrollments.find(transaction.user_id or "")
        return "mfa-otp-challenge" if enrolled else "mfa-otp-enrollment"

    def actions_run(self, transaction: Transaction, session: Session | None, origin: Origin) -> Run:
        """Return the run of the Actions that the login lacks."""
        return login_run(self._tenant, transaction, self._authorization(transaction, ""), session, origin)

    def silently(self, step: Step) -> None:
        """Do nothing when a login without pages lacks nothing.

        Raises
        ------
        Denied
            ``login_required`` and its relatives, since no page may be shown.
        """
        if step in SILENT_ERRORS:
            error, description = SILENT_ERRORS[step]
            raise Denied(error, description)

    def consent_scopes(self, transaction: Transaction) -> list[str]:
        """Return what the application asks for, as far as it could be granted."""
        return [scope for scope in self._authorization(transaction, "").scopes if scope != "openid"]

    def accept(self, transaction: Transaction) -> None:
        """Remember that the person allows the application what it asks for."""
        request = transaction.request
        key = (transaction.user_id or "", request.client_id, request.audience)
        self._tenant.signin.consents.setdefault(key, set()).update(self.consent_scopes(transaction))
        transaction.consented = True

    def finish(self, transaction: Transaction, session: Session | None, origin: Origin) -> tuple[str, Session]:
        """Return the code that ends a login, and the session that it begins or continues."""
        now = self._tenant.clock()
        session = self._session(transaction, session, now)
        authorization = self._authorization(transaction, session.sid)
        request = transaction.request
        code = Code(
            authorization,
            request.address.redirect_uri,
            request.sent_redirect_uri,
            request.code_challenge,
            request.code_challenge_method,
            now,
        )
        self._tenant.signin.transactions.end(transaction)
        if "none" in request.prompts:
            details = transaction.actions.log_details()
            log_user_id(self._tenant, "ssa", authorization.user_id, origin, details=details)
        else:
            prompts = ["prompt-authenticate"] if transaction.fresh else []
            record_login(self._tenant, authorization, origin, prompts, transaction.actions.log_details())
        return self._tenant.signin.codes.issue(code, now), session

    def fail(self, transaction: Transaction, denied: Denied, origin: Origin) -> None:
        """End a login without a code and log why."""
        self._tenant.signin.transactions.end(transaction)
        log_type = "fsa" if "none" in transaction.request.prompts else "f"
        if transaction.user_id is None:
            log_application(self._tenant, log_type, origin, denied.description)
        else:
            details = transaction.actions.log_details()
            log_user_id(self._tenant, log_type, transaction.user_id, origin, denied.description, details)

    def _session(self, transaction: Transaction, session: Session | None, now: datetime) -> Session:
        user_id, auth_time = transaction.user_id or "", transaction.auth_time or now
        if session is not None and session.user_id == user_id and not transaction.fresh:
            session.methods = list(transaction.methods)
            return session
        if session is not None:
            # A new cookie value at each login, so that one planted in the browser before is worth nothing after.
            self._tenant.signin.sessions.end(session)
        return self._tenant.signin.sessions.start(
            user_id, transaction.methods, auth_time, now, transaction.connection, transaction.actions.sid
        )

    def _authorization(self, transaction: Transaction, sid: str) -> Authorization:
        request = transaction.request
        wanted = Authorization(
            client_id=request.client_id,
            user_id=transaction.user_id or "",
            scopes=request.scopes,
            audience=request.audience,
            organization_id=request.organization_id,
            sid=sid,
            nonce=request.nonce,
            auth_time=transaction.auth_time or self._tenant.clock(),
            methods=tuple(transaction.methods),
            shows_auth_time=request.max_age is not None,
            connection=transaction.connection,
        )
        wanted = with_actions(wanted, transaction.actions)
        return replace(wanted, scopes=granted_scopes(self._tenant, wanted))

    def _check_user(self, transaction: Transaction, origin: Origin) -> None:
        try:
            user = self._tenant.users.get(transaction.user_id or "")
        except Problem:
            raise Denied("access_denied", "The user does not exist.") from None
        if user.get("blocked"):
            self._tenant.signin.sessions.end_of_user(user["user_id"])
            raise Denied("unauthorized", USER_BLOCKED)

    def _check_member(self, transaction: Transaction, origin: Origin) -> None:
        """Let members through, and make a member of whoever is invited or whom the connection lets in."""
        organization_id, user_id = transaction.request.organization_id or "", transaction.user_id or ""
        try:
            organization = self._tenant.organizations.find(organization_id)
        except Problem:
            raise Denied("invalid_request", "parameter organization is invalid") from None
        if transaction.request.invitation:
            self._redeem(transaction, organization, origin)
        connection = self._tenant.connections.named(transaction.connection)
        settings = organization.connections.get(connection.id, {}) if connection is not None else {}
        if settings.get("assign_membership_on_login"):
            self._tenant.organizations.add_member(organization_id, user_id, origin)
        if user_id not in organization.members:
            raise Denied("access_denied", f"user {user_id} is not part of the {organization_id} organization")

    def _redeem(self, transaction: Transaction, organization: Organization, origin: Origin) -> None:
        organization_id, user_id = organization.document["id"], transaction.user_id or ""
        invitation = self._tenant.invitations.valid(organization_id, transaction.request.invitation)
        user = self._tenant.users.get(user_id)
        if invitation is None or invitation["invitee"]["email"].lower() != user.get("email"):
            if user_id in organization.members:
                # The ticket was redeemed a page earlier in this very login.
                return
            raise Denied("access_denied", "the invitation is for another e-mail address, or was already used")
        self._tenant.organizations.add_member(organization_id, user_id, origin)
        known = {role["id"] for role in self._tenant.roles.all()}
        roles = [role_id for role_id in invitation.get("roles", []) if role_id in known]
        self._tenant.organizations.assign_roles(organization_id, user_id, roles, origin)
        self._tenant.invitations.delete(organization_id, invitation["id"])
        changes = {name: invitation[name] for name in ("app_metadata", "user_metadata") if invitation.get(name)}
        if changes:
            self._tenant.update_user(user_id, changes, origin)

    def _needs_consent(self, transaction: Transaction) -> bool:
        request = transaction.request
        if transaction.consented:
            return False
        if "consent" in request.prompts:
            return True
        client = self._tenant.clients.get(request.client_id)
        if client["is_first_party"] and self._skips_consent(request):
            return False
        key = (transaction.user_id or "", request.client_id, request.audience)
        return not set(self.consent_scopes(transaction)) <= self._tenant.signin.consents.get(key, set())

    def _skips_consent(self, request: AuthorizationRequest) -> bool:
        """Tell whether an application of the tenant's owner needs no consent for what it asks."""
        own = {*STANDARD_SCOPES, OFFLINE_ACCESS}
        if not request.audience or set(request.scopes) <= own:
            return True
        server = self._tenant.resource_servers.get(request.audience)
        # Anybody can listen on a person's own machine, so an address there proves nothing about the application.
        is_verifiable = urlsplit(request.address.redirect_uri).hostname != "localhost"
        return bool(server["skip_consent_for_verifiable_first_party_clients"]) and is_verifiable


def first_page(transaction: Transaction) -> Step:
    """Return where somebody starts who is not known yet, or not for which organization."""
    if transaction.request.organization_prompt == "before":
        return "organization-selection"
    if transaction.provider:
        return "provider"
    return "signup" if transaction.request.screen_hint == "signup" else "login"


def may_reuse(session: Session, request: AuthorizationRequest, now: datetime) -> bool:
    """Tell whether a session spares the person the password, by what the application asks for."""
    if request.prompts & {"login", "select_account"} or request.screen_hint == "signup" or request.invitation:
        return False
    return request.max_age is None or (now - session.auth_time).total_seconds() <= request.max_age
