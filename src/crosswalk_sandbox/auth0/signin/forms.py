"""What the forms of the login pages do: passwords, sign-ups, second factors, consent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crosswalk_sandbox.auth0.actions.login import transaction_properties
from crosswalk_sandbox.auth0.actions.pending import Pending
from crosswalk_sandbox.auth0.actions.registration import RegistrationDenied, registering
from crosswalk_sandbox.auth0.actions.runs import Outcome
from crosswalk_sandbox.auth0.mails import mail_new_user
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.signin.choices import database_for, home_of, provider_for
from crosswalk_sandbox.auth0.signin.credentials import WrongCredentials, check_credentials
from crosswalk_sandbox.auth0.signin.errors import Denied
from crosswalk_sandbox.auth0.signin.federation import arrive, told_by
from crosswalk_sandbox.auth0.signin.flow import Flow
from crosswalk_sandbox.auth0.signin.organization_prompts import take_choice, take_name
from crosswalk_sandbox.auth0.signin.otp import matching_step
from crosswalk_sandbox.auth0.signin.records import log_application, log_user_id
from crosswalk_sandbox.auth0.signin.transactions import Transaction
from crosswalk_sandbox.auth0.tenant import Tenant

SIGNUP_DISABLED = "Sign up is disabled"
NOT_IN_ORGANIZATION = "Sign up is disabled for this organization"
NO_DATABASE = "There is no database connection to log in with"
GENERIC = "Something went wrong, please try again later"
WRONG_CODE = "The code you entered is invalid"
# What a form does: it may change the login, or return a message to show on the same page again.
Message = str | None
Submission = Callable[[Transaction, dict[str, str], Origin], Message | Pending[Message]]


class Forms:
    """The forms of one tenant's login pages."""

    def __init__(self, tenant: Tenant, flow: Flow) -> None:
        self._tenant = tenant
        self._flow = flow
        self._submissions: dict[str, Submission] = {
            "login": self._log_in,
            "signup": self._sign_up,
            "provider": self._from_provider,
            "mfa-otp-challenge": self._challenge,
            "mfa-recovery-code-challenge": self._recover,
            "mfa-otp-enrollment": self._enroll,
            "consent": self._consent,
            "organization-selection": lambda transaction, form, _: take_name(tenant, transaction, form),
            "organization-picker": lambda transaction, form, _: take_choice(tenant, transaction, form),
        }

    def submit(
        self, page: str, transaction: Transaction, form: dict[str, str], origin: Origin
    ) -> Message | Pending[Message]:
        """Do what the form of a page is for, and return what is wrong with it.

        Raises
        ------
        Denied
            When the login ends with it.
        """
        return self._submissions[page](transaction, form, origin)

    def may_sign_up(self, transaction: Transaction) -> bool:
        """Tell whether the login offers a sign-up: in an organization only to the invited, unless it lets all in."""
        organization_id = transaction.request.organization_id
        database = database_for(self._tenant, transaction.request)
        if database is None or not database.takes_sign_ups(transaction.request.client_id):
            return False
        if organization_id is None or transaction.request.invitation:
            return True
        settings = self._tenant.organizations.connection(organization_id, database.id)
        return bool(settings["is_signup_enabled"])

    def invited_email(self, transaction: Transaction) -> str:
        """Return the address that an invitation of the login is for; empty without one."""
        request = transaction.request
        if not request.invitation or request.organization_id is None:
            return ""
        invitation = self._tenant.invitations.valid(request.organization_id, request.invitation)
        return str(invitation["invitee"]["email"]) if invitation is not None else ""

    def _log_in(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        invited = self.invited_email(transaction)
        username = invited or form.get("username", "")
        if self._chose_provider(transaction, form.get("connection", ""), username):
            return None
        database = database_for(self._tenant, transaction.request)
        if database is None:
            return NO_DATABASE
        try:
            user = check_credentials(self._tenant, database, username, form.get("password", ""), origin)
        except WrongCredentials as wrong:
            if wrong.code == "unauthorized":
                raise Denied("unauthorized", wrong.message) from None
            return wrong.message
        self._proven(transaction, user["user_id"], database.name)
        return None

    def _chose_provider(self, transaction: Transaction, name: str, username: str) -> bool:
        """Turn to a provider when its button was pressed, or when it serves the domain of the typed address."""
        request = transaction.request
        chosen = provider_for(self._tenant, request, name) if name else home_of(self._tenant, request, username)
        if chosen is not None:
            transaction.provider = chosen.name
        return chosen is not None

    def _from_provider(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        provider = provider_for(self._tenant, transaction.request, transaction.provider)
        if provider is None:
            raise Denied("access_denied", "the connection is not enabled")
        told = told_by(form)
        if isinstance(told, str):
            return told
        user = arrive(self._tenant, provider, *told, origin)
        self._proven(transaction, user["user_id"], provider.name, "federated")
        return None

    def _sign_up(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> Message | Pending[Message]:
        if not self.may_sign_up(transaction):
            return SIGNUP_DISABLED if transaction.request.organization_id is None else NOT_IN_ORGANIZATION
        email = self.invited_email(transaction) or form.get("email", "").strip()
        database = database_for(self._tenant, transaction.request)
        if database is None:
            return NO_DATABASE
        body: dict[str, Any] = {
            "connection": database.name,
            "email": email,
            "password": form.get("password", ""),
        }

        def create(wanted: dict[str, Any]) -> str | None:
            try:
                user = self._tenant.register(wanted, origin)
                mail_new_user(self._tenant, user, wanted, origin.client_id)
            except Problem as problem:
                log_application(self._tenant, "fs", origin, problem.message, user_name=email)
                # The vendor tells nobody whether an address is taken.
                return GENERIC if problem.status == 409 else problem.message
            self._proven(transaction, user["user_id"], database.name)
            return None

        told = transaction_properties(transaction)
        return refused_politely(registering(self._tenant, body, origin, create, told))

    def _proven(self, transaction: Transaction, user_id: str, connection: str, method: str = "pwd") -> None:
        transaction.user_id = user_id
        transaction.connection = connection
        transaction.methods = [method]
        transaction.auth_time = self._tenant.clock()
        transaction.fresh = True

    def _challenge(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        user_id = transaction.user_id or ""
        if not self._tenant.signin.enrollments.accept(user_id, form.get("code", ""), self._tenant.clock()):
            log_user_id(self._tenant, "gd_auth_failed", user_id, origin)
            return WRONG_CODE
        transaction.methods.append("mfa")
        log_user_id(self._tenant, "gd_auth_succeed", user_id, origin)
        return None

    def _recover(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        user_id = transaction.user_id or ""
        if not self._tenant.signin.enrollments.recover(user_id, form.get("code", "")):
            log_user_id(self._tenant, "gd_recovery_failed", user_id, origin)
            return WRONG_CODE
        transaction.methods.append("mfa")
        log_user_id(self._tenant, "gd_recovery_succeed", user_id, origin)
        return None

    def _enroll(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        user_id, now = transaction.user_id or "", self._tenant.clock()
        step = matching_step(transaction.otp_secret, form.get("code", ""), now) if transaction.otp_secret else None
        if step is None:
            return WRONG_CODE
        self._tenant.signin.enrollments.enroll(user_id, transaction.otp_secret, now).last_step = step
        transaction.methods.append("mfa")
        log_user_id(self._tenant, "gd_enrollment_complete", user_id, origin)
        return None

    def _consent(self, transaction: Transaction, form: dict[str, str], origin: Origin) -> str | None:
        if form.get("action") != "accept":
            raise Denied("access_denied", "User did not authorize the request")
        self._flow.accept(transaction)
        return None


def refused_politely(step: Message | Pending[Message]) -> Message | Pending[Message]:
    """Return the outcome of a sign-up, where an Action's refusal becomes what the page says."""
    if not isinstance(step, Pending):
        return step

    def then(outcome: Outcome) -> Message | Pending[Message]:
        try:
            return step.then(outcome)
        except RegistrationDenied as denied:
            return denied.user_message or GENERIC

    return Pending(step.run, then)
