"""Which Actions run at which trigger, in which order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosswalk_sandbox.auth0.actions.library import Action, Library, Version, timestamp
from crosswalk_sandbox.auth0.actions.triggers import TRIGGER_IDS, is_bindable
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

MOST_BOUND = 20
UPDATE_PROPERTIES = {"bindings": Property(list, "The actions that will be bound to this trigger")}
REFERENCES = ("binding_id", "action_id", "action_name")


@dataclass(frozen=True, slots=True)
class Binding:
    """One Action at one trigger."""

    id: str
    trigger_id: str
    action: Action
    display_name: str
    created_at: str
    updated_at: str


class Bindings:
    """The bindings of each trigger, in the order in which they run."""

    def __init__(self, clock: Callable[[], datetime], library: Library) -> None:
        self._clock = clock
        self._library = library
        self._by_trigger: dict[str, list[Binding]] = {}

    def at(self, trigger_id: str) -> list[Binding]:
        """Return the bindings of a trigger; raise 404 for one that the vendor does not have."""
        if trigger_id not in TRIGGER_IDS:
            raise Problem(404, f"The trigger {trigger_id} does not exist.", "inexistent_trigger")
        return list(self._by_trigger.get(trigger_id, []))

    def versions_at(self, trigger_id: str) -> tuple[tuple[Action, Version], ...]:
        """Return what runs at a trigger: the deployed versions of the bound Actions."""
        bound = self._by_trigger.get(trigger_id, [])
        return tuple((one.action, one.action.deployed) for one in bound if one.action.deployed is not None)

    def replace(self, trigger_id: str, body: object) -> list[Binding]:
        """Bind the Actions of a request to a trigger, in its order, and no others.

        Raises
        ------
        Problem
            400 for an Action that is unknown, for another trigger, or not deployed.
        """
        before = {binding.id: binding for binding in self.at(trigger_id)}
        if not is_bindable(trigger_id):
            raise Problem(400, "cannot update action bindings for an entity-bound trigger", "invalid_body")
        wanted: list[Any] = check_body(body, UPDATE_PROPERTIES, required=("bindings",))["bindings"]
        if len(wanted) > MOST_BOUND:
            found = f"Array is too long ({len(wanted)}), maximum {MOST_BOUND}"
            raise invalid_property(found, "bindings", UPDATE_PROPERTIES["bindings"].meaning)
        now = timestamp(self._clock())
        bound = [self._binding(trigger_id, one, before, now) for one in wanted]
        self._by_trigger[trigger_id] = bound
        return list(bound)

    def of_action(self, action: Action) -> list[Binding]:
        """Return where an Action is bound."""
        return [binding for bound in self._by_trigger.values() for binding in bound if binding.action is action]

    def forget_action(self, action: Action) -> None:
        """Take an Action that is gone out of all triggers."""
        for trigger_id, bound in self._by_trigger.items():
            self._by_trigger[trigger_id] = [binding for binding in bound if binding.action is not action]

    def _binding(self, trigger_id: str, given: Any, before: dict[str, Binding], now: str) -> Binding:
        reference = given.get("ref") if isinstance(given, dict) else None
        if not isinstance(reference, dict) or reference.get("type") not in REFERENCES:
            raise invalid_body("Each binding needs a ref whose type is binding_id, action_id or action_name")
        value = str(reference.get("value", ""))
        kept = before.get(value) if reference["type"] == "binding_id" else None
        action = kept.action if kept else self._referenced(reference["type"], value)
        if action is None:
            raise Problem(400, f"The action {value} that is to be bound does not exist.", "invalid_body")
        if trigger_id not in {name for name, _ in action.definition.supported_triggers}:
            raise Problem(400, f"The action {action.name} does not support the trigger {trigger_id}.", "invalid_body")
        if action.deployed is None:
            found = "Trying to create a binding for an action that has not been deployed yet"
            raise Problem(400, found, "invalid_body")
        name = given.get("display_name") or (kept.display_name if kept else action.name)
        if kept:
            return Binding(kept.id, trigger_id, action, name, kept.created_at, now)
        return Binding(str(uuid.uuid4()), trigger_id, action, name, now, now)

    def _referenced(self, kind: str, value: str) -> Action | None:
        if kind == "action_name":
            return self._library.named(value)
        return next((action for action in self._library if action.id == value), None) if kind == "action_id" else None
