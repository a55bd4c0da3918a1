"""Settings documents: what a tenant has one of, read whole and changed in parts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.schema import Property, check_body

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsDocument:
    """One row of the table of settings.

    Attributes
    ----------
    path : str
        Below ``/api/v2``; parameters in braces make one document for each of their values.
    noun : str
        What the scopes that it takes end with.
    about : str
        What the tenant's logs call it.
    change_told : str
        The words of the log of a change, where they are not "Update" and the name.
    properties : mapping or None
        What its body may hold; None for anything.
    initial : mapping or None
        What it is before the first write; None when it is not there until then.
    absent : tuple
        Status, message and code of the answer while it is not there.
    methods : tuple of str
        What changes it: PATCH changes the given properties, PUT replaces it, POST makes it where it is absent.
    required : tuple of str
        What PUT and POST must hold.
    merged : tuple of str
        The objects of which only the given members change.
    hidden : tuple of str
        Secrets, by their dotted paths, that no answer shows.
    only_read : mapping
        What reading shows besides.
    only_changed : mapping
        What the answer to a change shows besides, within objects of the document.
    silent : bool
        Whether a write is answered without a body.
    values : mapping
        For parameters of the path with fixed values: which there are.
    normalized : callable
        Turns what is sent into what is kept.
    """

    path: str
    noun: str
    about: str
    properties: Mapping[str, Property] | None
    initial: Mapping[str, Any] | None = field(default_factory=dict)
    absent: tuple[int, str, str] = (404, "Not Found", "")
    methods: tuple[str, ...] = ("PATCH",)
    required: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    only_read: Mapping[str, Any] = field(default_factory=dict)
    only_changed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    silent: bool = False
    change_told: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    normalized: Callable[[Document], Document] = copy.deepcopy

    def key(self, parameters: Mapping[str, str]) -> str:
        """Return the path of the one document that `parameters` name.

        Raises
        ------
        Problem
            400 ``invalid_uri`` for a value that a parameter cannot have.
        """
        for name, allowed in self.values.items():
            if parameters[name] not in allowed:
                found = f"Path validation error: 'Invalid value \"{parameters[name]}\"' on property {name}."
                raise Problem(400, found, "invalid_uri")
        return self.path.format(**parameters)


class Settings:
    """The settings documents of one tenant, by their paths. Documents that leave it are copies without secrets."""

    def __init__(self) -> None:
        self._written: dict[str, Document] = {}

    def read(self, kind: SettingsDocument, key: str) -> Document:
        """Return a document, or raise its problem while it is not there."""
        return {**self._shown(kind, self._found(kind, key)), **copy.deepcopy(dict(kind.only_read))}

    def change(self, kind: SettingsDocument, key: str, body: object) -> Document:
        """Change the given properties of a document and return it; null removes one."""
        before = self._found(kind, key)
        changes = self._checked(kind, body, ())
        for name in kind.merged:
            if isinstance(changes.get(name), dict):
                changes[name] = {**(before.get(name) or {}), **changes[name]}
        kept = {name: value for name, value in {**before, **changes}.items() if value is not None}
        self._written[key] = kept
        shown = self._shown(kind, kept)
        for name, further in kind.only_changed.items():
            shown[name] = {**shown.get(name, {}), **further}
        return shown

    def replace(self, kind: SettingsDocument, key: str, body: object) -> Document:
        """Put a whole document in the place of what was there, and return it."""
        self._written[key] = self._checked(kind, body, kind.required)
        return self._shown(kind, self._written[key])

    def create(self, kind: SettingsDocument, key: str, body: object) -> Document:
        """Make a document that is not there, and return it; 409 when it is."""
        if key in self._written:
            raise Problem(409, f"There is already a configured {kind.about}.", "conflict")
        return self.replace(kind, key, body)

    def delete(self, key: str) -> None:
        """Go back to the first values."""
        self._written.pop(key, None)

    def forget_owner(self, owner_path: str) -> None:
        """Drop the documents of an owner that is gone."""
        for key in [one for one in self._written if one.startswith(f"{owner_path}/")]:
            del self._written[key]

    def written(self, prefix: str, suffix: str) -> dict[str, Document]:
        """Return copies of the written documents whose paths begin and end so, by their paths."""
        found = {key: one for key, one in self._written.items() if key.startswith(prefix) and key.endswith(suffix)}
        return copy.deepcopy(found)

    def _found(self, kind: SettingsDocument, key: str) -> Document:
        if key in self._written:
            return self._written[key]
        if kind.initial is None:
            raise Problem(*kind.absent)
        return copy.deepcopy(dict(kind.initial))

    def _checked(self, kind: SettingsDocument, body: object, required: tuple[str, ...]) -> Document:
        if kind.properties is None:
            return kind.normalized(check_body(body, dict.fromkeys(body if isinstance(body, dict) else (), ANYTHING)))
        return kind.normalized(check_body(body, kind.properties, required))

    def _shown(self, kind: SettingsDocument, document: Document) -> Document:
        return without_secrets(document, kind.hidden)


ANYTHING = Property(dict, "The texts of one screen")


def without_secrets(document: Document, hidden: tuple[str, ...]) -> Document:
    """Return a copy of `document` without what the dotted paths name."""
    shown = copy.deepcopy(document)
    for path in hidden:
        *parents, last = path.split(".")
        place: Any = shown
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.pop(last, None)
    return shown
