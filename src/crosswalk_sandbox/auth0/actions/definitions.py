"""What an Action may be made of: the properties of requests, checked, with the vendor's limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from crosswalk_sandbox.auth0.actions.triggers import DEFAULT_RUNTIME, RUNTIMES, TRIGGER_IDS, TRIGGERS
from crosswalk_sandbox.auth0.problems import invalid_body, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

MOST_CODE_BYTES = 100 * 1024
MOST_DEPENDENCIES = 10
MOST_SECRETS = 30
MOST_SECRET_NAME = 128
MOST_SECRET_VALUE = 4096
# Names and versions of npm packages, as far as they can go into a command line and nowhere else.
PACKAGE_NAME = re.compile(r"^(@[a-z0-9][\w.~-]*/)?[a-z0-9][\w.~-]*$", re.IGNORECASE)
PACKAGE_VERSION = re.compile(r"^[a-z0-9^~<>=*][\w.+^~<>=*-]*$", re.IGNORECASE)

PROPERTIES = {
    "name": Property(str, "The name of an action", max_length=255),
    "supported_triggers": Property(list, "The list of triggers that this action supports"),
    "code": Property(str, "The source code of the action"),
    "dependencies": Property(list, "The list of third party npm modules that this action depends on"),
    "runtime": Property(str, "The Node runtime", choices=RUNTIMES),
    "secrets": Property(list, "The list of secrets that are included in an action"),
    "modules": Property(list, "The list of action modules used by this action"),
    "deploy": Property(bool, "True if the action should be deployed after creation"),
}


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of an Action; its value never leaves the tenant but into the Action itself."""

    name: str
    value: str = field(repr=False)
    updated_at: str


@dataclass(frozen=True, slots=True)
class Definition:
    """What a draft or a version consists of."""

    supported_triggers: tuple[tuple[str, str], ...]
    code: str
    dependencies: tuple[tuple[str, str], ...]
    runtime: str
    secrets: tuple[Secret, ...] = field(repr=False)

    def same_as(self, other: Definition) -> bool:
        """Tell whether both are the same Action, however often their secrets were written."""
        mine = {secret.name: secret.value for secret in self.secrets}
        theirs = {secret.name: secret.value for secret in other.secrets}
        return mine == theirs and (self.supported_triggers, self.code, self.dependencies, self.runtime) == (
            other.supported_triggers,
            other.code,
            other.dependencies,
            other.runtime,
        )


def check_create(body: object) -> dict[str, Any]:
    """Return the body of a create request, or raise the vendor's 400."""
    checked = check_body(body, PROPERTIES, required=("name", "supported_triggers"))
    return check_parts(checked)


def check_update(body: object) -> dict[str, Any]:
    """Return the body of an update request, or raise the vendor's 400."""
    return check_parts(check_body(body, PROPERTIES))


def check_parts(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` when its lists and texts are within the vendor's bounds."""
    if not body.get("name", "-").strip():
        raise invalid_property("String is too short (0 chars), minimum 1", "name", PROPERTIES["name"].meaning)
    if len(body.get("code", "").encode()) > MOST_CODE_BYTES:
        raise invalid_property("The code exceeds the limit of 100 kB", "code", PROPERTIES["code"].meaning)
    if body.get("modules"):
        raise invalid_property("This tenant has no action modules", "modules", PROPERTIES["modules"].meaning)
    if "supported_triggers" in body:
        check_triggers(body["supported_triggers"])
    for dependency in entries(body, "dependencies", MOST_DEPENDENCIES):
        name, version = dependency.get("name"), dependency.get("version")
        if not (isinstance(name, str) and PACKAGE_NAME.match(name)):
            raise invalid_property(f"Invalid package name: {name}", "dependencies", PROPERTIES["dependencies"].meaning)
        if not (isinstance(version, str) and PACKAGE_VERSION.match(version)):
            found = f"Invalid version of package {name}: {version}"
            raise invalid_property(found, "dependencies", PROPERTIES["dependencies"].meaning)
    for secret in entries(body, "secrets", MOST_SECRETS):
        check_secret(secret)
    return body


def check_triggers(triggers: list[Any]) -> None:
    """Raise the vendor's 400 unless exactly one known trigger is named."""
    meaning = PROPERTIES["supported_triggers"].meaning
    if len(triggers) != 1 or not isinstance(triggers[0], dict):
        raise invalid_property("An action must support exactly one trigger", "supported_triggers", meaning)
    trigger_id, version = triggers[0].get("id"), triggers[0].get("version")
    if trigger_id not in TRIGGER_IDS:
        raise invalid_property(f"No enum match for: {trigger_id}", "supported_triggers", meaning)
    versions = [trigger.version for trigger in TRIGGERS if trigger.id == trigger_id]
    if version is not None and version not in versions:
        raise invalid_property(f"Trigger {trigger_id} has no version {version}", "supported_triggers", meaning)


def check_secret(secret: dict[str, Any]) -> None:
    """Raise the vendor's 400 for a secret that is not well formed; its value is never repeated."""
    name, value = secret.get("name"), secret.get("value", "")
    meaning = PROPERTIES["secrets"].meaning
    if not isinstance(name, str) or not 0 < len(name) <= MOST_SECRET_NAME:
        raise invalid_property(f"A secret's name has 1 to {MOST_SECRET_NAME} characters", "secrets", meaning)
    if not isinstance(value, str) or len(value) > MOST_SECRET_VALUE:
        raise invalid_property(f"A secret's value has at most {MOST_SECRET_VALUE} characters", "secrets", meaning)


def entries(body: dict[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    """Return a list of objects in `body`, or raise the vendor's 400."""
    listed: list[Any] = body.get(name, [])
    if len(listed) > most:
        raise invalid_property(f"Array is too long ({len(listed)}), maximum {most}", name, PROPERTIES[name].meaning)
    for entry in listed:
        if not isinstance(entry, dict):
            raise invalid_body(f"Expected type object in {name}")
    return listed


def definition_of(body: dict[str, Any], before: Definition | None, now: str) -> Definition:
    """Return what a checked body defines; what it does not name stays as it was `before`."""
    triggers = tuple((one["id"], one.get("version") or newest(one["id"])) for one in body.get("supported_triggers", []))
    packages = tuple((one["name"], one["version"]) for one in body.get("dependencies", []))
    if before is None:
        secrets = secrets_of(body, (), now)
        return Definition(triggers, body.get("code", ""), packages, body.get("runtime", DEFAULT_RUNTIME), secrets)
    return Definition(
        triggers or before.supported_triggers,
        body.get("code", before.code),
        packages if "dependencies" in body else before.dependencies,
        body.get("runtime", before.runtime),
        secrets_of(body, before.secrets, now) if "secrets" in body else before.secrets,
    )


def newest(trigger_id: str) -> str:
    """Return the newest version of a trigger."""
    return max(trigger.version for trigger in TRIGGERS if trigger.id == trigger_id)


def secrets_of(body: dict[str, Any], before: tuple[Secret, ...], now: str) -> tuple[Secret, ...]:
    """Return the secrets of a body; one that comes without a value keeps the one it had."""
    known = {secret.name: secret for secret in before}
    secrets: dict[str, Secret] = {}
    for given in body.get("secrets", []):
        name = given["name"]
        if "value" in given:
            secrets[name] = Secret(name, given["value"], now)
        elif name in known:
            secrets[name] = known[name]
        else:
            raise invalid_property(f"Secret {name} needs a value", "secrets", PROPERTIES["secrets"].meaning)
    return tuple(secrets.values())
