"""Everything about a tenant that a test or a demo may turn, with the vendor-like defaults."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from crosswalk_sandbox.auth0.rate_limit_tables import Plan

# Seconds before each further attempt; after the last one a delivery waits for a redelivery request.
RETRY_DELAYS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)


@dataclass(slots=True)
class Knobs:
    """Settings that take effect at once, except where it says otherwise.

    Attributes
    ----------
    duplicate_every : int
        Every so manieth event goes out twice to each event stream; 0 for never.
    shuffle_seed : int or None
        Event-stream deliveries leave after a random moment of up to 50 ms, drawn from this seed.
    retry_delays : tuple of float
        Seconds before each further attempt of a delivery.
    delivery_timeout : float
        Seconds a receiver may take to answer.
    deliveries_in_flight : int
        How many webhook requests run at once. Read when the app starts.
    webhook_tls : ssl.SSLContext or None
        What webhook receivers' certificates are checked against; None for the public authorities. Read when the app
        starts.
    heartbeat_seconds : float
        Longest silence of an event subscription.
    subscription_seconds : float
        After so long the tenant closes an event subscription, as the vendor does every few minutes.
    enforce_rate_limit : bool
        Whether requests beyond the limit are refused with 429.
    rate_limit_per_second, rate_limit_burst : int
        The sustained rate and how many requests may come at once.
    action_limit_seconds : float
        How long the Actions of one trigger may run together.
    action_build_seconds : float
        How long a build of an Action takes at least.
    node_command, npm_command : str
        The programs that run Actions and install their packages, by path or by name.
    actions_dir : Path or None
        Where the packages of Actions are kept; None for a temporary directory.
    actions_ca_file : Path or None
        Certificates that Actions trust beside the public authorities'. Read when Node starts.
    rate_limit_plan : str or None
        The plan whose published limits hold, by endpoint and always enforced, instead of the two numbers above: one of
        `rate_limit_tables.PLANS`. None for those numbers.
    event_retention, log_retention : int
        How many events and logs are kept. Read at construction and reset.
    event_retention_days : float or None
        How long events can be read again; cursors before that have expired. The vendor does so but names no number.
        None for no such limit.
    log_retention_days : float
        How long logs are kept: 1 day on the vendor's free plan, 5, 10 or 30 on others.
    search_delay_seconds : float
        How far the search of users lags behind their changes, as the vendor's eventually consistent one does.
    organization_names : bool
        The tenant setting ``allow_organization_name_in_authentication_api``: logins may name an organization instead
        of giving its id, and tokens carry ``org_name``.
    linking_deletes : bool
        Whether linking sends ``user.deleted`` for the user that ends, beside ``user.updated`` for the one that stays.
        The vendor documents neither.
    job_delay : float
        Seconds that a job waits before it starts.
    """

    duplicate_every: int = 0
    shuffle_seed: int | None = None
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    delivery_timeout: float = 10.0
    deliveries_in_flight: int = 16
    webhook_tls: ssl.SSLContext | None = None
    heartbeat_seconds: float = 15.0
    subscription_seconds: float = 240.0
    enforce_rate_limit: bool = False
    rate_limit_per_second: int = 15
    rate_limit_burst: int = 50
    rate_limit_plan: Plan | None = None
    action_limit_seconds: float = 20.0
    action_build_seconds: float = 0.0
    node_command: str = "node"
    npm_command: str = "npm"
    actions_dir: Path | None = None
    actions_ca_file: Path | None = None
    event_retention: int = 100_000
    log_retention: int = 100_000
    event_retention_days: float | None = None
    log_retention_days: float = 30.0
    search_delay_seconds: float = 0.0
    organization_names: bool = False
    linking_deletes: bool = True
    job_delay: float = 0.05
