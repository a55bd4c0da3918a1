"""Everything that a tenant remembers of Actions, as one thing that a reset replaces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from crosswalk_sandbox.auth0.actions.bindings import Bindings
from crosswalk_sandbox.auth0.actions.builds import Builder
from crosswalk_sandbox.auth0.actions.executions import Executions
from crosswalk_sandbox.auth0.actions.library import Action, Library
from crosswalk_sandbox.auth0.actions.runs import Runnable
from crosswalk_sandbox.auth0.problems import Problem


class Actions:
    """The Actions of one tenant.

    Attributes
    ----------
    cache : dict
        What Actions keep between executions, by trigger.
    """

    def __init__(self, clock: Callable[[], datetime], builder: Builder) -> None:
        self.library = Library(clock, builder)
        self.bindings = Bindings(clock, self.library)
        self.executions = Executions()
        self.cache: dict[str, dict[str, Any]] = {}

    def delete(self, action_id: str, *, force: bool) -> None:
        """Delete an Action; one that is bound only by `force`."""
        action = self.library.get(action_id)
        if self.bindings.of_action(action):
            if not force:
                found = "Cannot delete an action that is bound to a trigger. Unbind it first, or use force."
                raise Problem(400, found, "action_bound")
            self.bindings.forget_action(action)
        self.library.delete(action_id)

    def planned(self, trigger_id: str) -> tuple[Runnable, ...]:
        """Return what runs at a trigger, in order."""
        return tuple(
            Runnable(action.name, version.definition, str(version.build.installation.directory), version.id)
            for action, version in self.bindings.versions_at(trigger_id)
        )

    def remember_cache(self, trigger_id: str, changes: dict[str, dict[str, Any] | None]) -> None:
        """Take over what an execution changed in its trigger's cache."""
        records = self.cache.setdefault(trigger_id, {})
        for key, record in changes.items():
            if record is None:
                records.pop(key, None)
            else:
                records[key] = record


def draft_of(action: Action) -> Runnable:
    """Return the draft of an Action, to be tried out."""
    return Runnable(action.name, action.definition, str(action.build.installation.directory))
