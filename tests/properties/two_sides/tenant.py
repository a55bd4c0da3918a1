"""An Auth0 tenant in miniature: its users, what they and its people do, and what it tells of it."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from crosswalk.connectors.auth0.events import parse_event_stream_body
from crosswalk.connectors.auth0.log_events import parse_log_item
from crosswalk.connectors.auth0.users import identity_of
from crosswalk.connectors.base import LinkLost, UserWriteResult, UserWritten
from crosswalk.domain.event import Event, Source
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.write import UserWrite
from tests.properties.two_sides.clock import Clock

OWN_CLIENT = "hub"
METADATA = ("user_metadata", "app_metadata")
User = dict[str, Any]


@dataclass(frozen=True)
class UserNews:
    """One thing that happened to a user, which the tenant may tell as an event with the state or as a log entry."""

    number: int
    type: str
    at: str
    user: User
    client: str

    def as_state(self) -> Event:
        """The event of an event stream."""
        told = {"user_id": self.user["user_id"], "deleted_at": self.at} if self.type == "user.deleted" else self.user
        body = {"id": f"evt_{self.number}", "type": self.type, "time": self.at, "data": {"object": told}}
        return parse_event_stream_body(json.dumps(body).encode())

    def as_log(self) -> Event:
        """The entry of the log; of a change, it says only that there was one."""
        log: dict[str, object] = {"log_id": f"log_{self.number}", "date": self.at, "client_id": self.client}
        if self.type == "user.deleted":
            log |= {"type": "sdu", "user_id": self.user["user_id"]}
        else:
            path = f"/api/v2/users/{quote(self.user['user_id'])}"
            log |= {"type": "sapi", "details": {"request": {"method": "patch", "path": path}}}
        return parse_log_item(json.dumps(log).encode(), Source.LOG_STREAM)


@dataclass
class Tenant:
    """Users by id, and the news that were not read yet."""

    clock: Clock
    users: dict[str, User] = field(default_factory=dict)
    news: list[UserNews] = field(default_factory=list)
    writes: int = 0

    def sign_up(self, user_id: str, email: str, *, verified: bool) -> None:
        """Somebody signs up; an id that was deleted may come again, as those of social connections do."""
        provider, _, own_id = user_id.partition("|")
        entry = {"provider": provider, "user_id": own_id, "connection": provider, "isSocial": provider != "auth0"}
        self._become({"user_id": user_id, "email": email, "email_verified": verified, "identities": [entry]}, "created")

    def edit(self, user_id: str, change: Callable[[User], None], client: str = "app") -> None:
        """Change a user; a change that changes nothing is none."""
        user = copy.deepcopy(self.users[user_id])
        change(user)
        if user != self.users[user_id]:
            self._become(user, "updated", client)

    def delete(self, user_id: str) -> None:
        """Delete a user, with the accounts that were linked to it."""
        self._tell("user.deleted", self.users.pop(user_id), "app")

    def link(self, primary: str, secondary: str) -> None:
        """Link two users: the second becomes an account of the first, and is no user any more.

        The vendor drops the metadata of the second. It tells of the first alone.
        """
        taken = self.users.pop(secondary)
        first, *others = copy.deepcopy(taken["identities"])
        first["profileData"] = {key: taken[key] for key in ("email", "email_verified", "name") if key in taken}
        self.edit(primary, lambda user: user["identities"].extend([first, *others]))

    def unlink(self, primary: str) -> str:
        """Make the account that was linked last a user of its own again, without metadata; returns its id."""
        entry = self.users[primary]["identities"][-1]
        user_id = f"{entry['provider']}|{entry['user_id']}"
        self.edit(primary, lambda user: user["identities"].pop())
        own = {key: value for key, value in entry.items() if key != "profileData"}
        self._become({"user_id": user_id, "identities": [own], **entry.get("profileData", {})}, "created")
        return user_id

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        """As the connector does it."""
        return {user_id: self._state(user_id) if user_id in self.users else None for user_id in user_ids}

    async def write_users(self, writes: Sequence[UserWrite]) -> list[UserWriteResult]:
        """As the connector does it: one PATCH for each."""
        return [self._patch(write) for write in writes]

    def _patch(self, write: UserWrite) -> UserWriteResult:
        if write.user_id not in self.users:
            return LinkLost("inexistent_user", "The user does not exist.")
        self.writes += 1
        patch = json.loads(write.patch)
        self.edit(write.user_id, lambda user: _merge_patch(user, patch), OWN_CLIENT)
        return UserWritten(self._state(write.user_id))

    def _state(self, user_id: str) -> Identity:
        return identity_of(json.dumps(self.users[user_id]).encode(), self.clock.now)[0]

    def _become(self, user: User, what: str, client: str = "app") -> None:
        user["updated_at"] = self.clock.auth0_text
        self.users[user["user_id"]] = user
        self._tell(f"user.{what}", user, client)

    def _tell(self, type_: str, user: User, client: str) -> None:
        self.news.append(UserNews(len(self.news), type_, self.clock.auth0_text, user, client))


def _merge_patch(user: User, patch: User) -> None:
    """The vendor's rules: the first level of the metadata is merged, null removes, and all else is replaced."""
    for name, value in patch.items():
        if name not in METADATA:
            user[name] = value
            continue
        merged = {**user.get(name, {}), **value}
        user[name] = {key: inner for key, inner in merged.items() if inner is not None}
