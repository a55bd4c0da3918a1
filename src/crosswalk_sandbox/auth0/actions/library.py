"""The tenant's Actions with their drafts and versions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosswalk_sandbox.auth0.actions.builds import Build, Builder
from crosswalk_sandbox.auth0.actions.definitions import Definition, check_create, check_update, definition_of
from crosswalk_sandbox.auth0.problems import Problem

MOST_ACTIONS = 100
MOST_VERSIONS = 50


@dataclass(slots=True, eq=False)
class Version:
    """One deployed state of an Action, which never changes."""

    id: str
    number: int
    definition: Definition
    build: Build
    created_at: str


@dataclass(slots=True, eq=False)
class Action:
    """One Action.

    Attributes
    ----------
    build : Build
        The draft's.
    deployed : Version or None
        The version that runs.
    versions : list of Version
        Oldest first.
    deploys_when_built : bool
        Whether the draft was to be deployed as soon as it is built.
    """

    id: str
    name: str
    definition: Definition
    build: Build
    created_at: str
    updated_at: str
    deployed: Version | None = None
    versions: list[Version] = field(default_factory=list)
    numbered: int = 0
    deploys_when_built: bool = False

    def all_changes_deployed(self) -> bool:
        """Tell whether the deployed version is what the draft says."""
        return self.deployed is not None and self.deployed.definition.same_as(self.definition)


class Library:
    """All Actions of a tenant, in the order of their creation."""

    def __init__(self, clock: Callable[[], datetime], builder: Builder) -> None:
        self._clock = clock
        self._builder = builder
        self._actions: dict[str, Action] = {}

    def __iter__(self) -> Iterator[Action]:
        return (self._settled(action) for action in self._actions.values())

    def get(self, action_id: str) -> Action:
        """Return one Action, or raise 404."""
        action = self._actions.get(action_id)
        if action is None:
            raise Problem(404, "The action does not exist.", "inexistent_action")
        return self._settled(action)

    def named(self, name: str) -> Action | None:
        """Return the Action of this name, or None."""
        return next((self._settled(action) for action in self._actions.values() if action.name == name), None)

    def create(self, body: object) -> Action:
        """Store an Action and begin to build it; raise 400, or 409 for a name that is taken."""
        checked = check_create(body)
        self._check_name(checked["name"], None)
        if len(self._actions) >= MOST_ACTIONS:
            found = "You reached the limit of entities of this type for this tenant."
            raise Problem(403, found, "too_many_entities")
        now = timestamp(self._clock())
        definition = definition_of(checked, None, now)
        build = self._builder.start(definition.dependencies)
        action = Action(str(uuid.uuid4()), checked["name"], definition, build, now, now)
        action.deploys_when_built = checked.get("deploy", False)
        self._actions[action.id] = action
        return action

    def update(self, action_id: str, body: object) -> Action:
        """Change the draft of an Action and begin to build it."""
        action = self.get(action_id)
        checked = check_update(body)
        if "name" in checked:
            self._check_name(checked["name"], action)
            action.name = checked["name"]
        action.updated_at = timestamp(self._clock())
        action.definition = definition_of(checked, action.definition, action.updated_at)
        action.build = self._builder.start(action.definition.dependencies)
        action.deploys_when_built = checked.get("deploy", False)
        return action

    def delete(self, action_id: str) -> None:
        """Remove an Action and all its versions."""
        self._actions.pop(action_id, None)

    def deploy(self, action_id: str) -> Version:
        """Make a version of the draft and let it be the one that runs.

        Raises
        ------
        Problem
            400 while the draft is not built.
        """
        action = self.get(action_id)
        if action.build.status() != "built":
            raise Problem(400, "A draft must be in the 'built' state before it can be deployed.", "invalid_body")
        return self._add_version(action, action.definition, action.build)

    def roll_back(self, action_id: str, version_id: str, *, update_draft: bool) -> Version:
        """Let a new version run that is the same as an earlier one; the draft stays unless it is to follow."""
        action = self.get(action_id)
        earlier = version_of(action, version_id)
        if update_draft:
            action.definition, action.build = earlier.definition, earlier.build
            action.updated_at = timestamp(self._clock())
        return self._add_version(action, earlier.definition, earlier.build)

    def _add_version(self, action: Action, definition: Definition, build: Build) -> Version:
        action.numbered += 1
        version = Version(str(uuid.uuid4()), action.numbered, definition, build, timestamp(self._clock()))
        action.versions.append(version)
        del action.versions[:-MOST_VERSIONS]
        action.deployed = version
        action.deploys_when_built = False
        return version

    def _settled(self, action: Action) -> Action:
        if action.deploys_when_built and action.build.status() == "built":
            self._add_version(action, action.definition, action.build)
        return action

    def _check_name(self, name: str, own: Action | None) -> None:
        taken = self.named(name)
        if taken is not None and taken is not own:
            raise Problem(409, "An action with that name already exists", "conflict")


def version_of(action: Action, version_id: str) -> Version:
    """Return one version of an Action, or raise 404."""
    found = next((version for version in action.versions if version.id == version_id), None)
    if found is None:
        raise Problem(404, "The action version does not exist.", "inexistent_action_version")
    return found


def timestamp(moment: datetime) -> str:
    """Write `moment` as this part of the vendor's API does: nine digits after the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def definition_body(definition: Definition) -> dict[str, Any]:
    """Return code, packages and secrets' names of a definition as the API shows them."""
    return {
        "code": definition.code,
        "dependencies": [{"name": name, "version": version} for name, version in definition.dependencies],
        "runtime": definition.runtime,
        "secrets": [{"name": one.name, "updated_at": one.updated_at} for one in definition.secrets],
        "supported_triggers": [{"id": name, "version": version} for name, version in definition.supported_triggers],
    }
