"""What can happen, one small thing at a time, and how a sequence of such things is drawn.

Steps name users and records by number. A step that cannot be taken, because there is no such user or record, does
nothing; so every sequence can be shortened, and a failure shrinks to what matters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st
from msgspec.structs import replace

from crosswalk.domain.values import FieldValue
from tests.properties.two_sides.clock import Clock
from tests.properties.two_sides.hub import LANES, Hub
from tests.properties.two_sides.org import Org, Row, as_change_event, as_polled
from tests.properties.two_sides.process import Interruption, Outage
from tests.properties.two_sides.tenant import Tenant, User

Item = TypeVar("Item")

USERS = ("auth0|a", "auth0|b", "google-oauth2|c", "google-oauth2|d")
EMAILS = ("one@example.com", "two@example.com")
PHONES = ("+1 (212) 555-0100", "+12125550100", "(212) 555-0101", "+4930901820", "")
USER_VALUES: dict[str, tuple[Any, ...]] = {
    "name": ("Ada", "Bob", " Ada "),
    "email": EMAILS,
    "email_verified": (True, False),
    "blocked": (True, False),
    "user_metadata.interests": (["art", "music"], ["music", "art"], ["music"], []),
    "user_metadata.title": ("Dr", ""),
    "user_metadata.phone": PHONES,
    "user_metadata.newsletter": (True, False),
    "user_metadata.address": ({"region": "north", "city": "Rome"}, {"region": "south"}, {"city": "Rome"}),
    "app_metadata.tier": ("gold", "silver"),
}
RECORD_VALUES: dict[str, tuple[FieldValue, ...]] = {
    "LastName": ("Ada", "Eve"),
    "Email": (*EMAILS, "ONE@example.com", None),
    "Interests__c": ("music;art", "art", None),
    "Title": ("Prof", None),
    "Tier__c": ("gold", "silver", None),
    "Phone": (*PHONES, "call me"),
    "Newsletter__c": (True, False),
    "Region__c": ("north", "west", None),
}


@dataclass
class World:
    """Everything there is."""

    clock: Clock = field(default_factory=Clock)
    edits: int = 0

    def __post_init__(self) -> None:
        self.tenant = Tenant(self.clock)
        self.org = Org(self.clock)
        self.hub = Hub(self.tenant, self.org, self.clock)

    def user(self, number: int) -> str | None:
        """One of the users that there are."""
        users = sorted(self.tenant.users)
        return users[number % len(users)] if users else None

    def rows(self, which: Callable[[Row], bool] = lambda row: row.alive) -> list[Row]:
        """Records of people."""
        return [row for row in self.org.rows.values() if row.object != "Task" and which(row)]

    def row(self, number: int, which: Callable[[Row], bool] = lambda row: row.alive) -> Row | None:
        """One of them."""
        rows = self.rows(which)
        return rows[number % len(rows)] if rows else None


@dataclass(frozen=True)
class SignUp:
    user: int
    email: int = 0
    verified: bool = True

    def take(self, world: World) -> None:
        user_id = USERS[self.user]
        linked = any(
            user_id.endswith(f"|{entry['user_id']}") for u in world.tenant.users.values() for entry in u["identities"]
        )
        if user_id not in world.tenant.users and not linked:
            world.edits += 1
            world.tenant.sign_up(user_id, EMAILS[self.email], verified=self.verified)
            world.tenant.edit(user_id, lambda user: user.update(name=f"User {user_id[-1]}"))


@dataclass(frozen=True)
class EditUser:
    user: int
    path: str
    value: Any

    def take(self, world: World) -> None:
        user_id = world.user(self.user)
        if user_id is not None:
            world.edits += 1
            world.tenant.edit(user_id, self._change)

    def _change(self, user: User) -> None:
        place = user
        *above, name = self.path.split(".")
        for each in above:
            place = place.setdefault(each, {})
        if name == "email" and place.get(name) != self.value:
            user["email_verified"] = False
        place[name] = self.value


@dataclass(frozen=True)
class DeleteUser:
    user: int

    def take(self, world: World) -> None:
        user_id = world.user(self.user)
        if user_id is not None:
            world.edits += 1
            world.tenant.delete(user_id)


@dataclass(frozen=True)
class LinkUsers:
    primary: int
    secondary: int

    def take(self, world: World) -> None:
        primary, secondary = world.user(self.primary), world.user(self.secondary)
        if primary is not None and secondary is not None and primary != secondary:
            world.edits += 1
            world.tenant.link(primary, secondary)


@dataclass(frozen=True)
class UnlinkUser:
    primary: int

    def take(self, world: World) -> None:
        primary = world.user(self.primary)
        if primary is not None and len(world.tenant.users[primary]["identities"]) > 1:
            world.edits += 1
            world.tenant.unlink(primary)


@dataclass(frozen=True)
class CreateRecord:
    object: str
    email: FieldValue = EMAILS[0]
    phone: FieldValue = None

    def take(self, world: World) -> None:
        world.edits += 1
        world.org.create(self.object, {"LastName": "Known", "Email": self.email, "Phone": self.phone})


@dataclass(frozen=True)
class EditRecord:
    record: int
    name: str
    value: FieldValue

    def take(self, world: World) -> None:
        row = world.row(self.record)
        if row is not None:
            world.edits += 1
            world.org.edit(row, {self.name: self.value})


@dataclass(frozen=True)
class DeleteRecord:
    record: int

    def take(self, world: World) -> None:
        row = world.row(self.record)
        if row is not None:
            world.edits += 1
            world.org.delete(row)


@dataclass(frozen=True)
class Undelete:
    record: int

    def take(self, world: World) -> None:
        row = world.row(self.record, lambda row: row.deleted and row.master is None and row.contact is None)
        if row is not None:
            world.edits += 1
            world.org.undelete(row)


@dataclass(frozen=True)
class Convert:
    lead: int
    contact: int | None = None
    with_external_id: bool = True

    def take(self, world: World) -> None:
        lead = world.row(self.lead, lambda row: row.alive and row.object == "Lead")
        known = (
            None if self.contact is None else world.row(self.contact, lambda row: row.alive and row.object == "Contact")
        )
        if lead is not None and (self.contact is None or known is not None):
            world.edits += 1
            world.org.convert(lead, known, with_external_id=self.with_external_id)


@dataclass(frozen=True)
class MergeRecords:
    master: int
    loser: int
    fields: tuple[str, ...] = ()

    def take(self, world: World) -> None:
        master = world.row(self.master)
        if master is None:
            return
        loser = world.row(self.loser, lambda row: row.alive and row.object == master.object and row is not master)
        if loser is not None:
            world.edits += 1
            world.org.merge(master, loser, self.fields)


@dataclass(frozen=True)
class Wait:
    milliseconds: int

    def take(self, world: World) -> None:
        world.clock.forward(self.milliseconds)


@dataclass(frozen=True)
class Hear:
    """One piece of news arrives, counted from the newest; `again` after the hub has forgotten that it had it."""

    of_user: bool
    back: int
    detailed: bool = True
    again: bool = False

    def take(self, world: World) -> None:
        news = world.tenant.news if self.of_user else world.org.news
        if self.back >= len(news):
            return
        told: Any = news[-1 - self.back]
        if self.of_user:
            event = told.as_state() if self.detailed else told.as_log()
        else:
            event = as_change_event(told, world.clock) if self.detailed else as_polled(told, world.clock)
        if self.again:
            event = replace(event, id=f"{event.id}-{world.hub.store.tables.seq}")
        world.hub.hear(event)


@dataclass(frozen=True)
class HearAll:
    """The last news of both sides arrive, the oldest first or the newest."""

    last: int = 3
    detailed: bool = True
    oldest_first: bool = True

    def take(self, world: World) -> None:
        backs = range(self.last)
        for back in reversed(backs) if self.oldest_first else backs:
            Hear(True, back, self.detailed).take(world)
            Hear(False, back, self.detailed).take(world)


Deed: TypeAlias = (
    SignUp
    | EditUser
    | DeleteUser
    | LinkUsers
    | UnlinkUser
    | CreateRecord
    | EditRecord
    | DeleteRecord
    | Undelete
    | Convert
    | MergeRecords
    | Wait
)


@dataclass(frozen=True)
class Work:
    """The last news of both sides arrive, and a lane with work does it. At one of its doors, something may happen.

    That is the process being killed (`"death"`), a call that fails (`Outage`), another lane's work (its number), or a
    deed of somebody.
    """

    lane: int
    hears: int = 0
    door: int = 0
    happens: Deed | str | int | None = None
    users_first: bool = False

    def take(self, world: World) -> None:
        HearAll(self.hears).take(world)
        hub = world.hub
        hub.users_first = self.users_first
        busy = [lane for lane in LANES if hub.store.read_due(lane)]
        if not busy:
            return
        lane = self.lane if self.lane in busy else busy[0]
        hub.work(lane, None if self.happens is None else Interruption(self.door, lambda: self._happen(world, lane)))

    async def _happen(self, world: World, busy: int) -> None:
        match self.happens:
            case Outage() as outage:
                world.hub.process.outage = outage
            case str():
                await world.hub.process.die()
            case int(lane):
                if lane != busy:
                    await world.hub.batch(lane)
            case None:
                pass
            case deed:
                deed.take(world)


NO_EDIT = "-"
PROBED: dict[str, tuple[tuple[Any, ...], tuple[FieldValue, ...]]] = {
    "LastName": (("Ada", "Bob"), ("Ada", "Eve")),
    "Email": (EMAILS, EMAILS),
    "Interests__c": ((["art"], []), ("music", None)),
    "Title": (("Dr",), ("Prof", None)),
    "Tier__c": (("gold", "silver"), ("gold", "silver", None)),
    "Phone": (("+4930901820", ""), ("+12125550100", "+1 (212) 555-0100", None)),
    "Newsletter__c": ((True, False), (True, False)),
    "Region__c": (("north",), ("south", None)),
}
"""Field → the values that a user and a record get, to see whose stands."""


@dataclass(frozen=True)
class Probe:
    """One field of one linked pair is changed, on either side or both in turn, and perhaps a call about it fails."""

    pair: int
    edit: tuple[str, Any, Any]
    user_first: bool = True
    mishap: Work | None = None


@dataclass(frozen=True)
class SecondThought:
    """A field of one linked pair whose newest value wins is changed twice, and something fails about the first change.

    The hub may have written the first value, and not lived to book it. The changes are a side's, which is `0` for the
    user and `1` for the record, and the value that it gets. An `untold` second change is made before the hub works on
    the first, and told of afterwards.
    """

    pair: int
    name: str
    first: tuple[int, Any]
    mishap: Work
    second: tuple[int, Any]
    untold: bool = False


Step: TypeAlias = Deed | Hear | HearAll | Work

_NUMBERS = range(4)
_OBJECTS = ("Contact", "Lead")


def _edits_of(kind: Callable[[int, str, Any], Deed], values: Mapping[str, tuple[Any, ...]]) -> list[Deed]:
    return [kind(number, name, value) for name, choices in values.items() for value in choices for number in _NUMBERS]


def _as_often(*groups: Sequence[Item]) -> list[Item]:
    """All of the groups in one list, in which each group has about as much room as any other.

    Steps are drawn from lists, each by one choice, because hypothesis takes only few choices at once out of a sequence.
    """
    most = max(map(len, groups))
    return [each for group in groups for _ in range(round(most / len(group))) for each in group]


_BEGINNINGS: list[Deed] = _as_often(
    [SignUp(*each) for each in product(_NUMBERS, (0, 0, 1), (True, True, False))],
    [CreateRecord(*each) for each in product(_OBJECTS, (*EMAILS, None), (None, *PHONES))],
)
_EDITS: list[Deed] = _as_often(_edits_of(EditUser, USER_VALUES), _edits_of(EditRecord, RECORD_VALUES))
_UPHEAVALS: list[Deed] = _as_often(
    [DeleteUser(number) for number in _NUMBERS],
    [LinkUsers(*each) for each in product(_NUMBERS, repeat=2)],
    [UnlinkUser(number) for number in _NUMBERS],
    [DeleteRecord(number) for number in _NUMBERS],
    [Undelete(number) for number in _NUMBERS],
    [Convert(*each) for each in product(_NUMBERS, (None, 0, 1), (True, False))],
    [MergeRecords(*each) for each in product(_NUMBERS, _NUMBERS, ((), ("Phone",), ("Email", "Tier__c")))],
    [Wait(1), Wait(5000)],
)
_DEEDS: list[Deed] = _as_often(_BEGINNINGS, _EDITS, _EDITS, _EDITS, _UPHEAVALS, _UPHEAVALS)
_HEARS: list[Step] = _as_often(
    [HearAll(*each) for each in product((1, 3, 6), (True, False), (True, False))],
    [Hear(*each) for each in product((True, False), range(10), (True, False), (True, False))],
)
_HAPPENINGS: list[Deed | Outage | str | int | None] = _as_often([None], ["death"], list(Outage), LANES, _DEEDS)

_works = st.builds(
    lambda where, happening, users_first: Work(*where, happening, users_first=users_first),
    st.sampled_from(list(product(LANES, (6, 0, 2), range(15)))),
    st.sampled_from(_HAPPENINGS),
    st.booleans(),
)
_first = st.sampled_from(_as_often(_BEGINNINGS, _BEGINNINGS, [Work(lane, 6) for lane in LANES]))
_deeds, _hears = st.sampled_from(_DEEDS), st.sampled_from(_HEARS)
_steps = st.sampled_from([_deeds, _deeds, _deeds, _hears, _works, _works]).flatmap(lambda chosen: chosen)

sequences: st.SearchStrategy[list[Step]] = st.tuples(
    st.lists(_first, max_size=10), *[st.lists(_steps, max_size=12)] * 4
).map(lambda parts: [step for part in parts for step in part])
"""Sequences of steps, most of them with some users, records and links to begin with.

Several lists, because one alone is short, or cannot get shorter than its least length when a failure is made small.
"""

_EDITED = _as_often(
    *(
        list(product((name,), (NO_EDIT, *of_user), (NO_EDIT, *of_record)))
        for name, (of_user, of_record) in PROBED.items()
    ),
    list(product(("Phone",), *PROBED["Phone"])),
    list(product(("Newsletter__c",), *PROBED["Newsletter__c"])),
)
_MISHAPS = [Work(lane, 6, door, what) for lane in (0, 1) for door in range(24) for what in ("death", *Outage)]
probes = st.builds(
    Probe,
    st.sampled_from(_NUMBERS),
    st.sampled_from(_EDITED),
    st.booleans(),
    st.sampled_from(_as_often([None], _MISHAPS)),
)
"""What is changed once both sides agree."""

_THOUGHTS = [
    (name, first, second)
    for name in ("Phone", "Newsletter__c")
    for changes in [[(side, value) for side, values in enumerate(PROBED[name]) for value in values]]
    for first, second in product(changes, changes)
]
_FAILINGS = [Work(lane, 6, door, what) for lane in (0, 1) for door in range(24) for what in ("death", *Outage)]
second_thoughts = st.builds(
    lambda pair, thought, mishap, untold: SecondThought(pair, thought[0], thought[1], mishap, thought[2], untold),
    st.sampled_from(_NUMBERS),
    st.sampled_from(_THOUGHTS),
    st.sampled_from(_FAILINGS),
    st.booleans(),
)
