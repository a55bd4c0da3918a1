"""One run of a trigger's Actions: to Node and back.

A `Run` is made under the tenant's lock, started and waited for outside it, and its `Outcome` is applied under the lock
again. That Actions cannot run (no Node) is an outcome too: logins go on without them, and say so.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from crosswalk_sandbox.auth0.actions.definitions import Definition
from crosswalk_sandbox.auth0.actions.executions import Execution, Result, Status
from crosswalk_sandbox.auth0.actions.library import timestamp
from crosswalk_sandbox.auth0.actions.node import GRACE_SECONDS, ActionError, NodeUnavailable, Reply
from crosswalk_sandbox.auth0.actions.triggers import CONTINUE_HANDLER, HANDLERS

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

# Shorter values would mask half of every text.
SHORTEST_MASKED = 4
MASK = "*****"


@dataclass(frozen=True, slots=True)
class Runnable:
    """The code of one Action that is to run; `key` is empty for a draft, which is loaded anew each time."""

    name: str
    definition: Definition
    directory: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What is to run and what it is told.

    Attributes
    ----------
    resumes : bool
        Whether the first Action goes on after a redirect.
    state : str
        The key of the login, which a redirect carries there and back.
    can_redirect : bool
        Whether there is a browser that may be sent elsewhere.
    """

    trigger_id: str
    actions: tuple[Runnable, ...]
    event: dict[str, Any] = field(repr=False)
    resumes: bool = False
    state: str = field(default="", repr=False)
    can_redirect: bool = False


class Denial(msgspec.Struct, frozen=True, rename="camel"):
    """Why an Action let nobody through."""

    code: str | None = None
    reason: str | None = None
    user_message: str | None = None


class Factor(msgspec.Struct, frozen=True):
    """A second factor that an Action asks for before the next one runs."""

    kind: Literal["challenge", "enrollment"]
    types: tuple[str, ...]


class Multifactor(msgspec.Struct, frozen=True):
    """What an Action says of the second factor at the end of the login."""

    provider: str


class Redirect(msgspec.Struct, frozen=True):
    """Where an Action sends the browser."""

    url: str


class Effects(msgspec.Struct, frozen=True, rename="camel"):
    """What Actions asked for.

    Attributes
    ----------
    scopes : dict
        Scopes of the access token: True to add, False to take out.
    cache : dict
        Changed records of the trigger's cache; None for one that is gone.
    """

    denied: Denial | None = None
    id_token: dict[str, Any] = {}
    access_token: dict[str, Any] = {}
    scopes: dict[str, bool] = {}
    user_metadata: dict[str, Any] = {}
    app_metadata: dict[str, Any] = {}
    transaction_metadata: dict[str, Any] = {}
    multifactor: Multifactor | None = None
    redirect: Redirect | None = None
    factor: Factor | None = None
    methods: tuple[str, ...] = ()
    primary_user: str | None = None
    revoke_session: bool = False
    revoke_refresh_tokens: bool = False
    cache: dict[str, dict[str, Any] | None] = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    execution : Execution
        What is remembered.
    error : ActionError or None
        What an Action threw, its secrets masked.
    not_run : str
        Why the Actions did not run at all; empty when they did.
    stopped : int or None
        The Action after which the others wait or are left out.
    """

    execution: Execution
    effects: Effects = field(default_factory=Effects)
    error: ActionError | None = None
    not_run: str = ""
    stopped: int | None = None

    def log_details(self) -> dict[str, Any]:
        """Return what a tenant log says of the run."""
        return {"actions": {"executions": [self.execution.id]}}


def start(tenant: Tenant, run: Run) -> Future[Outcome]:
    """Start a run and return what will come of it, remembered by then. Must not be waited for under the lock."""
    started = tenant.clock()
    done: Future[Outcome] = Future()
    try:
        replying = tenant.action_runner.submit(request_of(tenant, run))
    except NodeUnavailable as error:
        done.set_result(remembered(tenant, run, not_run_outcome(run, started, str(error))))
        return done

    def finish(reply: Future[Reply]) -> None:
        failure = reply.exception()
        if failure is None:
            outcome = outcome_of(run, started, reply.result())
        else:
            outcome = lost_outcome(run, started, tenant.clock(), str(failure))
        done.set_result(remembered(tenant, run, outcome))

    replying.add_done_callback(finish)
    return done


async def perform(tenant: Tenant, run: Run) -> Outcome:
    """Start a run and wait for what comes of it, without holding up anything else."""
    waiting = asyncio.wrap_future(start(tenant, run))
    try:
        async with asyncio.timeout(tenant.knobs.action_limit_seconds + GRACE_SECONDS):
            return await asyncio.shield(waiting)
    except TimeoutError:
        tenant.action_runner.give_up()
        return await waiting


def request_of(tenant: Tenant, run: Run) -> dict[str, Any]:
    """Return the run as Node is told it."""
    return {
        "limitMs": tenant.knobs.action_limit_seconds * 1000,
        "trigger": run.trigger_id,
        "handler": HANDLERS[run.trigger_id],
        "continueHandler": CONTINUE_HANDLER,
        "resumes": run.resumes,
        "canRedirect": run.can_redirect,
        "state": run.state,
        "event": run.event,
        "cache": tenant.actions.cache.get(run.trigger_id, {}),
        "actions": [
            {
                "key": action.key,
                "name": action.name,
                "code": action.definition.code,
                "directory": action.directory,
                "secrets": {secret.name: secret.value for secret in action.definition.secrets},
            }
            for action in run.actions
        ],
    }


def outcome_of(run: Run, started: datetime, reply: Reply) -> Outcome:
    """Return what a reply of Node says, with the secrets of the Actions masked in it."""
    mask = masker(run)
    results = []
    for step in reply.steps:
        begun, ended = timedelta(milliseconds=step.started_ms), timedelta(milliseconds=step.ended_ms or 0)
        error = step.error and ActionError(step.error.id, mask(step.error.msg))
        name = run.actions[step.index].name
        result = Result(name, timestamp(started + begun), timestamp(started + ended), mask(step.console), error)
        results.append(result)
    effects = Effects()
    try:
        effects = effects if reply.effects is None else msgspec.convert(reply.effects, Effects)
    except msgspec.ValidationError as invalid:
        wrong = ActionError("TypeError", f"The api was called with a value of a wrong type: {invalid}")
        results[-1] = replace(results[-1], error=wrong)
    error = next((result.error for result in results if result.error is not None), None)
    status: Status = "final"
    if error is not None:
        status = "partial"
    elif effects.redirect is not None or effects.factor is not None:
        status = "suspended"
    last = timedelta(milliseconds=max((step.ended_ms or 0 for step in reply.steps), default=0))
    execution = Execution(run.trigger_id, status, tuple(results), started, started + last)
    return Outcome(execution, effects, error, stopped=reply.stopped)


def not_run_outcome(run: Run, started: datetime, reason: str) -> Outcome:
    """Return the outcome of Actions that cannot run here."""
    moment, error = timestamp(started), ActionError("not_run", reason)
    results = tuple(Result(action.name, moment, moment, error=error) for action in run.actions)
    return Outcome(Execution(run.trigger_id, "canceled", results, started, started), not_run=reason)


def lost_outcome(run: Run, started: datetime, ended: datetime, reason: str) -> Outcome:
    """Return the outcome of Actions that were under way when their process ended."""
    error = ActionError("error", reason)
    results = (Result(run.actions[0].name, timestamp(started), timestamp(ended), error=error),)
    return Outcome(Execution(run.trigger_id, "partial", results, started, ended), error=error)


def remembered(tenant: Tenant, run: Run, outcome: Outcome) -> Outcome:
    """Return `outcome` after the tenant has taken note of it."""
    with tenant.lock:
        tenant.actions.executions.add(outcome.execution)
        tenant.actions.remember_cache(run.trigger_id, outcome.effects.cache)
    return outcome


def masker(run: Run) -> Any:
    """Return a function that masks the secrets of the Actions in a text."""
    values = [secret.value for action in run.actions for secret in action.definition.secrets]
    hidden = sorted((value for value in values if len(value) >= SHORTEST_MASKED), key=len, reverse=True)

    def mask(text: str) -> str:
        for value in hidden:
            text = text.replace(value, MASK)
        return text

    return mask
