"""What is remembered of each time that a trigger's Actions ran."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from crosswalk_sandbox.auth0.actions.library import timestamp
from crosswalk_sandbox.auth0.actions.node import ActionError
from crosswalk_sandbox.auth0.problems import Problem

LIFETIME = timedelta(days=10)
# Beyond so many the oldest are forgotten, as if their ten days had passed.
MOST_KEPT = 10_000
# The vendor's words; `canceled` is what did not run because it could not.
Status = Literal["final", "partial", "suspended", "canceled"]


@dataclass(frozen=True, slots=True)
class Result:
    """One Action of an execution. The API shows no console output; the tenant's page does."""

    action_name: str
    started_at: str
    ended_at: str
    console: str = ""
    error: ActionError | None = None

    def document(self) -> dict[str, Any]:
        """Return the result as the API shows it."""
        shown: dict[str, Any] = {"action_name": self.action_name}
        if self.error is not None:
            shown["error"] = {"id": self.error.id, "msg": self.error.msg}
        return {**shown, "started_at": self.started_at, "ended_at": self.ended_at}


@dataclass(frozen=True, slots=True)
class Execution:
    """One time that a trigger's Actions ran."""

    trigger_id: str
    status: Status
    results: tuple[Result, ...]
    started: datetime
    ended: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def document(self) -> dict[str, Any]:
        """Return the execution as the API shows it."""
        return {
            "id": self.id,
            "trigger_id": self.trigger_id,
            "status": self.status,
            "results": [result.document() for result in self.results],
            "created_at": timestamp(self.started),
            "updated_at": timestamp(self.ended),
        }

    def shown(self) -> dict[str, Any]:
        """Return the execution with the console output of its Actions, for the sandbox's own page and state."""
        results = [{**result.document(), "console": result.console} for result in self.results]
        return {**self.document(), "results": results}


class Executions:
    """The executions of the last days by their id, oldest first."""

    def __init__(self) -> None:
        self._executions: dict[str, Execution] = {}

    def __len__(self) -> int:
        return len(self._executions)

    def add(self, execution: Execution) -> None:
        """Keep an execution."""
        if len(self._executions) >= MOST_KEPT:
            del self._executions[next(iter(self._executions))]
        self._executions[execution.id] = execution

    def get(self, execution_id: str, now: datetime) -> Execution:
        """Return one execution, or raise 404."""
        execution = self._executions.get(execution_id)
        if execution is None or now - execution.ended > LIFETIME:
            raise Problem(404, "The execution does not exist.", "inexistent_execution")
        return execution

    def newest(self, limit: int) -> list[Execution]:
        """Return up to `limit` executions, newest first."""
        return list(self._executions.values())[-limit:][::-1]
