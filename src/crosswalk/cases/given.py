"""The states that a case gives, read from what is written."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from crosswalk.cases.case import AccountGiven, CandidateGiven, DecidedGiven, Given, Profile, SideDecided
from crosswalk.cases.fixtures import BadReference, Fixtures, resolve
from crosswalk.config.document import Value
from crosswalk.config.findings import Findings
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath
from crosswalk.domain.decision import Choice, CreateNew, LeaveAlone, LinkTo
from crosswalk.domain.effect import HeldEffect
from crosswalk.domain.fate import Converted, Deleted, Fate, Merged, Vanished
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Side

GIVEN_KEYS = (
    "user",
    "deleted",
    "record",
    "base",
    "evidence",
    "unread",
    "unagreed",
    "became",
    "candidates",
    "decided",
    "quarantined",
    "beside",
    "gone",
    "accounts",
    "account_of",
    "deal",
    "contact",
    "contact_user",
    "held",
    "episode",
    "owner",
    "account",
)

_DECIDED_KEYS = ("link", "create", "leave", "by", "fields")
_NOTHING = "nothing"


class GivenReader:
    """Reads the states of one case; mistakes are added to `findings`, whose places begin at `path`."""

    def __init__(self, findings: Findings, fixtures: Fixtures, path: KeyPath) -> None:
        self._findings = findings
        self._fixtures = fixtures
        self._path = path

    def read(self, written: Mapping[str, Value]) -> Given | None:
        """The states; `None` where there is nobody whom they are about."""
        record = self._optional(written, "record", self._record)
        deal = self._optional(written, "deal", lambda value, path: self._record(value, path, "Opportunity"))
        contact = self._optional(written, "contact", lambda value, path: self._record(value, path, "Contact"))
        user = self._optional(written, "user", self._user)
        if user is None and deal is None:
            if "user" not in written:
                self._add(("user",), "user is missing", "an Auth0 user, or the name of a fixture")
            return None
        contact_user = self._optional(written, "contact_user", self._text)
        return Given(
            user=user,
            deleted=self._optional(written, "deleted", self._flag) or False,
            record=record,
            base=self._base(written["base"], ("base",)) if written.get("base") is not None else {},
            evidence=self._optional(written, "evidence", self._text) or "external_id",
            unread=tuple(self._listed(written, "unread", self._text)),
            unagreed=tuple(self._listed(written, "unagreed", self._text)),
            became=self._optional(written, "became", self._fate),
            candidates=tuple(self._listed(written, "candidates", self._candidate)),
            decided=self._optional(written, "decided", self._decided) or DecidedGiven(),
            quarantined=tuple(self._listed(written, "quarantined", self._text)),
            beside=tuple(self._listed(written, "beside", self._user)),
            gone=tuple(UserId(each) for each in self._listed(written, "gone", self._text)),
            accounts=tuple(self._listed(written, "accounts", self._account)),
            account_of=self._optional(written, "account_of", self._account),
            deal=deal,
            contact=contact,
            contact_user=None if contact_user is None else UserId(contact_user),
            held=tuple(self._listed(written, "held", self._held)),
            episode=self._optional(written, "episode", self._number) or 0,
            owner=self._optional(written, "owner", self._text),
            account=self._optional(written, "account", self._text),
        )

    def _add(self, path: KeyPath, message: str, expected: str, near: str | None = None) -> None:
        self._findings.add_value((*self._path, *path), message, expected, near)

    def _optional(
        self, written: Mapping[str, Value], key: str, read: "Callable[[Value, KeyPath], Any | None]"
    ) -> Any | None:
        return read(written[key], (key,)) if written.get(key) is not None else None

    def _listed(
        self, written: Mapping[str, Value], key: str, read: "Callable[[Value, KeyPath], Any | None]"
    ) -> list[Any]:
        value = written.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self._add((key,), f"{key} is no list", "a list (- item)")
            return []
        found = [read(each, (key, index)) for index, each in enumerate(value)]
        return [each for each in found if each is not None]

    def _resolved(self, value: Value, path: KeyPath, what: str) -> dict[str, Value] | None:
        try:
            resolved = resolve(value, self._fixtures)
        except BadReference as error:
            self._add(path, str(error), "the name of a fixture")
            return None
        if not isinstance(resolved, dict):
            self._add(path, f"this is no {what}", "a mapping, or the name of a fixture")
            return None
        return resolved

    def _user(self, value: Value, path: KeyPath) -> Profile | None:
        user = self._resolved(value, path, "user")
        if user is not None and not isinstance(user.get("user_id"), str):
            self._add(path, "the user has no user_id", "user_id: auth0|…")
            return None
        return user

    def _record(self, value: Value, path: KeyPath, default: str | None = None) -> Record | None:
        written = self._resolved(value, path, "record")
        if written is None:
            return None
        object_name, record_id = written.get("object", default), written.get("id")
        if not isinstance(object_name, str) or not isinstance(record_id, str):
            self._add(path, "a record needs its object and its id", "object: Contact, id: 003…")
            return None
        fields = {name: field for name, field in written.items() if name not in ("object", "id", "linked_to")}
        return Record(object_name, RecordId(record_id), self._values(fields, path))

    def _values(self, fields: Mapping[str, Value], path: KeyPath) -> dict[str, FieldValue]:
        values: dict[str, FieldValue] = {}
        for name, value in fields.items():
            if isinstance(value, list | dict):
                self._add((*path, name), f"{name} is no single value", "text, a number, true, false or null")
            else:
                values[name] = value
        return values

    def _base(self, value: Value, path: KeyPath) -> Mapping[str, FieldValue] | None:
        """Where the base differs from the record; `None` where the sides never agreed on anything."""
        if value == _NOTHING:
            return None
        base = self._resolved(value, path, "base")
        return {} if base is None else self._values(base, path)

    def _candidate(self, value: Value, path: KeyPath) -> CandidateGiven | None:
        written = self._resolved(value, path, "record")
        record = self._record(value, path) if written is not None else None
        if written is None or record is None:
            return None
        owner = written.get("linked_to")
        return CandidateGiven(record, UserId(owner) if isinstance(owner, str) else None)

    def _fate(self, value: Value, path: KeyPath) -> Fate | None:
        match value:
            case "deleted":
                return Deleted()
            case "vanished":
                return Vanished()
            case {"merged_into": str(record_id)}:
                return Merged(RecordId(record_id))
            case {"converted_to": {"contact": str(contact)}}:
                return Converted(RecordId(contact), None)
            case {"converted_to": {"account": str(account)}}:
                return Converted(None, RecordId(account))
        expected = "deleted, vanished, merged_into: 003…, or converted_to: {contact: 003…} or {account: 001…}"
        self._add(path, "this is nothing that a record becomes", expected)
        return None

    def _account(self, value: Value, path: KeyPath) -> AccountGiven | None:
        match value:
            case {"user_id": str(user_id), "record": record}:
                return AccountGiven(UserId(user_id), self._record(record, (*path, "record")))
            case {"user_id": str(user_id)}:
                return AccountGiven(UserId(user_id))
        self._add(path, "this is no account", "user_id: auth0|…, and perhaps record")
        return None

    def _decided(self, value: Value, path: KeyPath) -> DecidedGiven | None:
        if not isinstance(value, dict):
            self._add(path, "this is no decision", f"a mapping with any of: {', '.join(_DECIDED_KEYS)}")
            return None
        for key in value:
            if key not in _DECIDED_KEYS:
                near = nearest_name(key, _DECIDED_KEYS)
                self._add((*path, key), f"unknown key {key}", f"one of: {', '.join(_DECIDED_KEYS)}", near)
        written = value.get("fields")
        fields = {} if not isinstance(written, dict) else written
        sides = {name: self._side(each, (*path, "fields", name)) for name, each in fields.items()}
        by = value.get("by")
        return DecidedGiven(
            self._choice(value, path),
            {name: side for name, side in sides.items() if side is not None},
            by if isinstance(by, str) else "somebody",
        )

    def _choice(self, value: Mapping[str, Value], path: KeyPath) -> Choice | None:
        match value:
            case {"link": {"object": str(object_name), "id": str(record_id)}}:
                return LinkTo(object_name, RecordId(record_id))
            case {"link": _}:
                self._add((*path, "link"), "a decision names its record", "link: {object: Contact, id: 003…}")
            case {"create": str(object_name)}:
                return CreateNew(object_name)
            case {"leave": True}:
                return LeaveAlone()
        return None

    def _side(self, value: Value, path: KeyPath) -> SideDecided | None:
        match value:
            case "auth0" | "salesforce":
                return SideDecided(Side(value))
            case {"side": "auth0" | "salesforce" as side} if isinstance(value, dict):
                held = self._values({key: inner for key, inner in value.items() if key != "side"}, path)
                return SideDecided(Side(side), held.get("auth0"), held.get("salesforce"), of_now=not held)
        self._add(path, "this is no side", "auth0 or salesforce")
        return None

    def _held(self, value: Value, path: KeyPath) -> HeldEffect | None:
        try:
            return msgspec.convert(value, HeldEffect)
        except msgspec.ValidationError as error:
            self._add(path, f"this is no effect as it is recorded: {error}", "what crosswalk test --record writes")
            return None

    def _text(self, value: Value, path: KeyPath) -> str | None:
        if isinstance(value, str):
            return value
        self._add(path, "this is no text", "text")
        return None

    def _flag(self, value: Value, path: KeyPath) -> bool | None:
        if isinstance(value, bool):
            return value
        self._add(path, "this is neither true nor false", "true or false")
        return None

    def _number(self, value: Value, path: KeyPath) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._add(path, "this is no number", "a whole number")
        return None
