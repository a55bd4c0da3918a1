"""One emulated tenant: its users, and the logs and events that each change of them causes.

Every method may be called from any thread, with or without a running server: the state is behind one lock, and what
is to be delivered waits until a delivery worker runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.auth0.actions.builds import Builder
from crosswalk_sandbox.auth0.actions.node import NodeRunner
from crosswalk_sandbox.auth0.actions.registration import after_password_change, after_registration
from crosswalk_sandbox.auth0.actions.state import Actions
from crosswalk_sandbox.auth0.clients import Clients
from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.configuration import Resources, Settings
from crosswalk_sandbox.auth0.configuration.settings_table import BRUTE_FORCE_PROTECTION, SUSPICIOUS_IP_THROTTLING
from crosswalk_sandbox.auth0.connections import Connections
from crosswalk_sandbox.auth0.deliveries import DeliveryQueue
from crosswalk_sandbox.auth0.event_streams import EventStreams
from crosswalk_sandbox.auth0.events import EventLog, cloud_event, event_context
from crosswalk_sandbox.auth0.groups import Groups
from crosswalk_sandbox.auth0.invitations import Invitations
from crosswalk_sandbox.auth0.jobs.store import Jobs
from crosswalk_sandbox.auth0.knobs import Knobs
from crosswalk_sandbox.auth0.log_streams import SINK_SECRETS, LogStreams
from crosswalk_sandbox.auth0.logs import (
    CREATE_USER,
    DESCRIPTIONS,
    TenantLog,
    api_log,
    connection_log,
    deletion_of,
    signup_details,
    update_of,
)
from crosswalk_sandbox.auth0.mailbox import Mailbox
from crosswalk_sandbox.auth0.management_scopes import MANAGEMENT_SCOPES
from crosswalk_sandbox.auth0.organizations import Organizations
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.rate_limit import RateLimit
from crosswalk_sandbox.auth0.resource_servers import ClientGrants, ResourceServers
from crosswalk_sandbox.auth0.roles import Roles
from crosswalk_sandbox.auth0.scim.configurations import Configurations
from crosswalk_sandbox.auth0.search_lag import SearchLag
from crosswalk_sandbox.auth0.signals import Signal
from crosswalk_sandbox.auth0.signin.state import SignInState
from crosswalk_sandbox.auth0.tokens import TokenIssuer
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION
from crosswalk_sandbox.auth0.users import UserDirectory
from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.faults import FaultOrder, Faults

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tickets import Ticket

# The request method that an event tells of, by the last word of its type.
METHODS = {
    "added": "POST",
    "assigned": "POST",
    "created": "POST",
    "deleted": "DELETE",
    "removed": "DELETE",
    "updated": "PATCH",
}
# What an in-process caller need not give, because it has nothing to do with the user it wants.
SEED_DEFAULTS = {"connection": DATABASE_CONNECTION, "password": "Correct-Horse-7-Battery"}


class Tenant:
    """All state of one tenant.

    Parameters
    ----------
    domain : str
        ``host:port`` under which the tenant is reached; may be set later, once a port is bound.
    client_id, client_secret : str
        The one machine-to-machine application of the tenant.
    clock : callable or None
        Returns the present moment, with its zone: the sandbox's clock, or any other source.
    knobs : Knobs or None
        What tests and demos may turn; also later, as ``tenant.knobs``.
    name : str
        The tenant's name in events and logs: 3 to 63 lower-case letters, digits and dashes.
    """

    def __init__(
        self,
        *,
        domain: str,
        client_id: str,
        client_secret: str,
        clock: Callable[[], datetime] | None = None,
        knobs: Knobs | None = None,
        name: str = "crosswalk-sandbox",
    ) -> None:
        self.domain = domain
        self.client_id = client_id
        self.client_secret = client_secret
        self.time = SandboxClock.over(clock)
        self.clock: Callable[[], datetime] = self.time
        self.name = name
        self.knobs = knobs if knobs is not None else Knobs()
        self.lock = threading.RLock()
        self.tokens = TokenIssuer(f"{name}.auth0.com")
        self.action_builder = Builder(self.knobs)
        self.action_runner = NodeRunner(self.knobs)
        self.signing_keys = self.tokens.current.of_applications()
        self.events_changed = Signal()
        self.logs_changed = Signal()
        self.subscriptions_closed = 0
        self.subscriptions_open = 0
        self.faults = Faults("auth0", self.time)
        # Who waits for a moment has to look at the clock again.
        self.time.on_change(self.events_changed.notify)
        self.time.on_change(self.logs_changed.notify)
        self._start_empty()

    def __repr__(self) -> str:
        return f"Tenant(domain={self.domain!r}, users={len(self.users)})"

    def _start_empty(self) -> None:
        self.logs = TenantLog(self.clock, self.knobs.log_retention)
        self.events = EventLog(self.knobs.event_retention)
        self.event_streams = EventStreams(self.clock)
        self.log_streams = LogStreams(self.name)
        self.deliveries = DeliveryQueue(self.knobs, self.faults)
        self.search_lag = SearchLag()
        self.rate_limit = RateLimit(self.knobs, self.time)
        self.clients = Clients(self.name, self.signing_keys)
        self.clients.create(
            {"name": "Machine to machine", "app_type": "non_interactive"},
            client_id=self.client_id,
            client_secret=self.client_secret,
        )
        self.connections = Connections(self.clients, self.emit)
        self.users = UserDirectory(self.clock, self.connections)
        self.resource_servers = ResourceServers(self.management_audience, MANAGEMENT_SCOPES)
        self.client_grants = ClientGrants()
        self.roles = Roles(self.resource_servers)
        self.organizations = Organizations(self.roles, self.connections, self.emit)
        self.groups = Groups(self.clock, self.roles, self.emit)
        self.scim = Configurations(self.clock)
        self.invitations = Invitations(self.clock)
        self.jobs = Jobs(self.time)
        self.mailbox = Mailbox(self.clock)
        self.tickets: dict[str, Ticket] = {}
        self.signin = SignInState()
        self.actions = Actions(self.clock, self.action_builder)
        self.settings = Settings()
        self.resources = Resources(self.clock, self.name)
        self.factors_enabled: set[str] = set()

    def reset(self) -> None:
        """Forget everything but the domain, the machine-to-machine application, the signing key and the knobs."""
        with self.lock:
            self.faults.reset()
            self.jobs.close()
            self._start_empty()
        self.events_changed.notify()
        self.logs_changed.notify()

    def apply_faults(self, order: FaultOrder) -> None:
        """Start or end troubles by a short order.

        Raises
        ------
        ValueError
            For a trouble that only an org can have.
        """
        self.faults.order(order)
        if order.revoke_tokens:
            self.tokens.revoke_all(self.clock())

    def forget_old_logs(self) -> None:
        """Drop the logs that are older than the plan keeps them."""
        oldest = self.clock() - timedelta(days=self.knobs.log_retention_days)
        with self.lock:
            self.logs.forget_before(iso_milliseconds(oldest))

    def forget_old_events(self) -> None:
        """Drop the events that are older than the knob says, if it says anything."""
        days = self.knobs.event_retention_days
        if days is not None:
            self.events.forget_before(iso_milliseconds(self.clock() - timedelta(days=days)))

    def close_subscriptions(self) -> None:
        """End all open event subscriptions. Call it before stopping a server, which would wait for them."""
        self.subscriptions_closed += 1
        self.events_changed.notify()

    def management_audience(self) -> str:
        """Return what a token for the Management API is for."""
        return f"https://{self.domain}/api/v2/"

    def userinfo_audience(self) -> str:
        """Return what a token for ``/userinfo`` is for."""
        return f"https://{self.domain}/userinfo"

    def create_user(self, body: dict[str, Any], origin: Origin | None = None) -> dict[str, Any]:
        """Create a user as ``POST /api/v2/users`` does, and return its document.

        Called without `origin` (in-process), connection and password may be left out.

        Raises
        ------
        Problem
            What the API would answer: 400 ``invalid_body``, 409 ``auth0_idp_error``.
        """
        with self.lock:
            given = body if origin is not None or not isinstance(body, dict) else {**SEED_DEFAULTS, **body}
            source = origin or self._in_process()
            document = self.users.create(given)
            self.log("sapi", api_log(CREATE_USER, source, given, document))
            self.emit("user.created", {"object": document}, source)
            after_registration(self, document, source)
            return document

    def register(self, body: dict[str, Any], origin: Origin) -> dict[str, Any]:
        """Create a user as a sign-up form does, and return its document."""
        with self.lock:
            document = self.users.create(body)
            entry = self.user_log(document, origin, signup_details(body, origin, self.name))
            self.log("ss", {"description": "", **entry})
            self.emit("user.created", {"object": document}, origin)
            after_registration(self, document, origin)
            return document

    def sign_up(self, body: dict[str, Any], origin: Origin) -> dict[str, Any]:
        """Create a user as the sandbox's own sign-up page does: the person is signed in at once."""
        with self.lock:
            user_id = self.register(body, origin)["user_id"]
            self.users.record_login(user_id, origin.ip)
            document = self.users.get(user_id)
            self.log("s", self.user_log(document, origin, {"stats": {"loginsCount": 1}}))
            return document

    def update_user(self, user_id: str, body: dict[str, Any], origin: Origin | None = None) -> dict[str, Any]:
        """Change a user as ``PATCH /api/v2/users/{id}`` does, and return its document.

        Raises
        ------
        Problem
            What the API would answer: 400 ``invalid_body``, 404 ``inexistent_user``.
        """
        with self.lock:
            source = origin or self._in_process()
            before, after = self.users.update(user_id, body)
            self.log("sapi", api_log(update_of(user_id), source, body, after))
            if body.get("password") is not None:
                self.signin.attempts.unblock(after.get("email", ""))
            for log_type in change_logs(before, after, body, source):
                details = {"body": {"newEmail": after.get("email")}} if log_type == "sce" else {}
                entry = self.user_log(after, source, details)
                self.log(log_type, {"description": DESCRIPTIONS[log_type], **entry})
            self.emit("user.updated", {"object": after, "previous_object": before}, source)
            if body.get("password") is not None:
                after_password_change(self, after, source)
            return after

    def delete_user(self, user_id: str, origin: Origin | None = None) -> None:
        """Delete a user as ``DELETE /api/v2/users/{id}`` does; a user that is not there is no error."""
        with self.lock:
            source = origin or self._in_process()
            document = self.end_user(user_id, source)
            self.log("sapi", api_log(deletion_of(user_id), source, {}, {}))
            if document is not None:
                self.log("du", self.user_log(document, source, {}))

    def end_user(self, user_id: str, origin: Origin) -> dict[str, Any] | None:
        """Remove a user with all it had, send ``user.deleted``, and return its last document; None for nobody."""
        with self.lock:
            document = self.users.delete(user_id)
            self.forget_user(user_id, origin)
            if document is not None:
                deleted = {**document, "deleted_at": iso_milliseconds(self.clock())}
                self.emit("user.deleted", {"object": deleted}, origin)
            return document

    def forget_user(self, user_id: str, origin: Origin) -> None:
        """Drop the sessions, roles and memberships of a user who is gone."""
        self.signin.forget_user(user_id)
        self.roles.forget_user(user_id)
        self.organizations.forget_user(user_id, origin)
        self.groups.forget_user(user_id, origin)

    def counts(self) -> dict[str, int]:
        """Return how many of everything there are."""
        with self.lock:
            return {
                "users": len(self.users),
                "events": len(self.events),
                "logs": len(self.logs),
                "event_streams": len(list(self.event_streams)),
                "log_streams": len(self.log_streams.all()),
            }

    def snapshot(self) -> dict[str, Any]:
        """Return counts and the lists of users, event streams and log streams, without secrets."""
        with self.lock:
            return {
                "domain": self.domain,
                "counts": self.counts(),
                "users": [dict(document) for document in self.users],
                "event_streams": list(self.event_streams),
                "log_streams": [public_log_stream(stream) for stream in self.log_streams.all()],
                "deliveries": self.deliveries.counts(),
                "action_executions": [execution.shown() for execution in self.actions.executions.newest(20)],
            }

    def brute_force_protection(self) -> dict[str, Any]:
        """Return the settings by which wrong passwords block an account."""
        return self.settings.read(BRUTE_FORCE_PROTECTION, BRUTE_FORCE_PROTECTION.path)

    def suspicious_ip_throttling(self) -> dict[str, Any]:
        """Return the settings by which failed logins close an address."""
        return self.settings.read(SUSPICIOUS_IP_THROTTLING, SUSPICIOUS_IP_THROTTLING.path)

    def _in_process(self) -> Origin:
        return Origin(self.client_id, "Sandbox", hostname=self.domain)

    def user_log(
        self, document: dict[str, Any], origin: Origin, details: dict[str, Any], connection: str = ""
    ) -> dict[str, Any]:
        """Return the fields of a log about a user, with a connection or else with that of the main account."""
        named = self.connections.named(connection or document["identities"][0]["connection"])
        return connection_log(document, named, origin, details)

    def log(self, log_type: str, fields: dict[str, Any]) -> None:
        """Write one tenant log and tell those who wait for it."""
        self.logs.write(log_type, fields)
        self.logs_changed.notify()

    def emit(self, event_type: str, data: dict[str, Any], origin: Origin) -> None:
        """Tell the event streams and subscribers what happened because of `origin`."""
        data = {**data, "context": event_context(origin, METHODS[event_type.rpartition(".")[2]], self.name)}
        event = cloud_event(event_type, data, self.name, iso_milliseconds(self.clock()))
        self.events.append(event)
        now = self.time.monotonic()
        if self.knobs.search_delay_seconds > 0:
            self.search_lag.note(event_type, data, now)
        for stream_id in self.event_streams.subscribed_to(event_type):
            self.deliveries.add(stream_id, {**event, "a0stream": stream_id}, now)
        self.events_changed.notify()


def change_logs(before: dict[str, Any], after: dict[str, Any], body: dict[str, Any], origin: Origin) -> list[str]:
    """Return the types of log that an update causes beside ``sapi``."""
    types = []
    if before.get("email") != after.get("email"):
        types.append("sce")
    if body.get("password") is not None:
        types.append("scp")
    if before.get("username") != after.get("username"):
        types.append("scu")
    if before.get("phone_number") != after.get("phone_number"):
        types.append("scpn")
    # On the profile page the tick stands for the link in the verification e-mail; the API's write is no verification.
    if origin.is_page and after.get("email_verified") and not before.get("email_verified"):
        types.append("sv")
    return types


def public_log_stream(stream: dict[str, Any]) -> dict[str, Any]:
    """Return a log stream for the control page, its credentials left out."""
    sink = {name: value for name, value in stream["sink"].items() if name not in SINK_SECRETS}
    return {**stream, "sink": sink}
