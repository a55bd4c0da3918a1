"""Configured things of which a tenant has many, each with an id: listed, created, read, changed and deleted alike."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.configuration.settings import without_secrets
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.schema import Property, check_body

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind:
    """One row of the table of resources.

    Attributes
    ----------
    path : str
        Below ``/api/v2``; parameters in braces name the owner, and each owner has a collection of its own.
    noun : str
        What the scopes that it takes end with.
    about : str
        What the tenant's logs and refusals call one of them.
    new_id : callable or None
        Draws an id; None when the body's own `id_name` is the id.
    id_name : str
        The property that holds the id.
    listed_as : str
        Under which property a page holds the items; empty for a bare array.
    paging : str
        How a list is read: by number, by checkpoint, whole, or not at all.
    properties : mapping
        What a body may hold.
    required : tuple of str
        What must be there at creation.
    fixed : tuple of str
        What cannot change later.
    defaults : mapping
        What a creation need not name.
    unique : str
        The property of which no two may have the same value; empty for none.
    dated : bool
        Whether it shows when it was created and changed.
    hidden : tuple of str
        Secrets, by their dotted paths, that no answer shows.
    listed : tuple of str
        The properties that a list shows; empty for all.
    missing : tuple of str
        Message and code of the 404.
    drawn : callable
        From a document, what the tenant draws at creation and keeps.
    computed : callable
        From a document and the tenant's name, what always follows from them.
    checked : callable
        Raises a problem for a body that cannot be, or returns what is kept of it.
    """

    path: str
    noun: str
    about: str
    properties: Mapping[str, Property]
    missing: tuple[str, str]
    new_id: Callable[[], str] | None
    id_name: str = "id"
    listed_as: str = ""
    paging: Literal["pages", "checkpoints", "whole", "none"] = "pages"
    required: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unique: str = ""
    dated: bool = False
    hidden: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    drawn: Callable[[Document], Document] = lambda _document: {}
    computed: Callable[[Document, str], Document] = lambda _document, _tenant: {}
    checked: Callable[[Document], Document] = copy.deepcopy


class Resources:
    """The collections of one tenant, by their paths. Documents that leave it are copies without secrets."""

    def __init__(self, clock: Callable[[], datetime], tenant_name: str) -> None:
        self._clock = clock
        self._tenant_name = tenant_name
        self._collections: dict[str, dict[str, Document]] = {}

    def all(self, kind: ResourceKind, path: str) -> list[Document]:
        """Return what a list shows of a collection, in the order of creation."""
        shown = [without_secrets(one, kind.hidden) for one in self._collections.get(path, {}).values()]
        if not kind.listed:
            return shown
        return [{name: value for name, value in one.items() if name in kind.listed} for one in shown]

    def count(self, path: str) -> int:
        """Return how many items a collection has."""
        return len(self._collections.get(path, {}))

    def get(self, kind: ResourceKind, path: str, item_id: str) -> Document:
        """Return one item, or raise 404."""
        return without_secrets(self._found(kind, path, item_id), kind.hidden)

    def create(self, kind: ResourceKind, path: str, body: object) -> Document:
        """Store an item and return it; 409 when its unique property is taken."""
        checked = kind.checked(check_body(body, kind.properties, kind.required))
        self._refuse_taken(kind, path, checked, "")
        item_id = checked[kind.id_name] if kind.new_id is None else kind.new_id()
        if item_id in self._collections.get(path, {}):
            raise Problem(409, f"The {kind.about} already exists.", f"{kind.noun}_conflict")
        document = {kind.id_name: item_id, **copy.deepcopy(dict(kind.defaults)), **without_null(checked)}
        document |= kind.drawn(document)
        document |= kind.computed(document, self._tenant_name)
        if kind.dated:
            now = iso_milliseconds(self._clock())
            document |= {"created_at": now, "updated_at": now}
        self._collections.setdefault(path, {})[item_id] = document
        return self.get(kind, path, item_id)

    def update(self, kind: ResourceKind, path: str, item_id: str, body: object) -> Document:
        """Change the given properties of an item and return it; null removes one."""
        document = self._found(kind, path, item_id)
        allowed = {name: rule for name, rule in kind.properties.items() if name not in kind.fixed}
        changes = kind.checked(check_body(body, allowed))
        self._refuse_taken(kind, path, changes, item_id)
        for name in kind.merged:
            if isinstance(changes.get(name), dict):
                changes[name] = {**(document.get(name) or {}), **changes[name]}
        kept = without_null({**document, **changes})
        kept |= kind.computed(kept, self._tenant_name)
        if kind.dated:
            kept["updated_at"] = iso_milliseconds(self._clock())
        self._collections[path][item_id] = kept
        return self.get(kind, path, item_id)

    def set_by_tenant(self, kind: ResourceKind, path: str, item_id: str, changes: Document) -> Document:
        """Change what only the tenant itself may change, and return the item."""
        self._found(kind, path, item_id).update(copy.deepcopy(changes))
        return self.get(kind, path, item_id)

    def delete(self, path: str, item_id: str) -> None:
        """Remove an item; one that is not there is no error."""
        self._collections.get(path, {}).pop(item_id, None)

    def forget_owner(self, owner_path: str) -> None:
        """Drop the collections of an owner that is gone."""
        for path in [one for one in self._collections if one.startswith(f"{owner_path}/")]:
            del self._collections[path]

    def _found(self, kind: ResourceKind, path: str, item_id: str) -> Document:
        document = self._collections.get(path, {}).get(item_id)
        if document is None:
            message, code = kind.missing
            raise Problem(404, message, code)
        return document

    def _refuse_taken(self, kind: ResourceKind, path: str, body: Document, item_id: str) -> None:
        if not kind.unique or kind.unique not in body:
            return
        for other_id, other in self._collections.get(path, {}).items():
            if other_id != item_id and other.get(kind.unique) == body[kind.unique]:
                found = f"There is already a {kind.about} with the {kind.unique} '{body[kind.unique]}'."
                raise Problem(409, found, f"{kind.noun}_conflict")


def without_null(document: Document) -> Document:
    """Return `document` without the properties that null removed."""
    return {name: value for name, value in document.items() if value is not None}
