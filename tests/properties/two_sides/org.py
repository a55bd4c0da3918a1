"""A Salesforce org in miniature: its records, what people and its own machinery do, and what it tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crosswalk.connectors.base import Done, Failure, LinkLost, Rejected, WriteResult, Written
from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.connectors.salesforce.errors import result_of
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Event, Source
from crosswalk.domain.fate import Alive, Converted, Deleted, Fate, Merged, Vanished
from crosswalk.domain.ids import RecordId
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.record import MODIFIED_FIELD, Record
from crosswalk.domain.record_writes import RecordDelete
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, RecordWrite
from tests.core_builders import EXTERNAL_ID
from tests.properties.two_sides.clock import Clock

PREFIXES = {"Contact": "003", "Lead": "00Q", "Task": "00T"}
KEYS = {"Task": "Crosswalk_Key__c"}
BOOLEANS = frozenset({"Newsletter__c", "Inactive__c"})
POLLED = ("LastName", "Email", "Interests__c", "Title", "Tier__c", "Phone", "Region__c", EXTERNAL_ID)
DEFAULTS: Mapping[str, FieldValue] = {"Tier__c": "bronze"}
"""What the org gives to new records by itself."""
CHOICES = frozenset({"Interests__c"})
HUB, PERSON = "hub", "person"


@dataclass
class Row:
    """One record, alive or not."""

    id: RecordId
    object: str
    fields: dict[str, FieldValue]
    deleted: bool = False
    master: RecordId | None = None
    contact: RecordId | None = None
    """What a converted lead became."""
    made_by: str = PERSON
    made_at: int = 0
    email_since: int = 0
    """The numbers of the changes with which it came to be and got its e-mail address: what the hub could know of."""

    @property
    def alive(self) -> bool:
        """Whether it can be read and written."""
        return not self.deleted and self.contact is None


@dataclass(frozen=True)
class RecordNews:
    """One change of a record, which the org may tell with what changed or as a record of a poll."""

    number: int
    object: str
    id: RecordId
    kind: ChangeKind
    at_ms: int
    changed: Mapping[str, FieldValue]
    whole: Mapping[str, FieldValue]


@dataclass
class Org:
    """Records by id, and the news that were not read yet."""

    clock: Clock
    rows: dict[RecordId, Row] = field(default_factory=dict)
    news: list[RecordNews] = field(default_factory=list)
    writes: int = 0
    refusals: int = 0
    changes: int = 0
    hub_began: int = 0
    """The number of the last change before the hub began what it is doing: what came later it may have missed."""

    def alive(self, object_name: str = "") -> list[Row]:
        """The people's records that can be read and written."""
        return [
            row for row in self.rows.values() if row.alive and row.object != "Task" and object_name in ("", row.object)
        ]

    def create(self, object_name: str, fields: Mapping[str, FieldValue], by: str = PERSON) -> Row:
        """Make a record; an empty field is as good as none."""
        id_ = RecordId(f"{PREFIXES[object_name]}{len(self.rows):012d}AAA")
        row = Row(id_, object_name, dict.fromkeys(BOOLEANS, False), made_by=by, made_at=self.changes + 1)
        self.rows[id_] = row
        defaults = {} if object_name == "Task" else DEFAULTS
        self._set(row, {**defaults, **fields}, ChangeKind.CREATED)
        return row

    def edit(self, row: Row, fields: Mapping[str, FieldValue]) -> None:
        """Change fields of a record; a save that changes nothing is none."""
        stored = {name: _stored(name, value) for name, value in fields.items()}
        if any(row.fields.get(name) != value for name, value in stored.items()):
            self._set(row, stored, ChangeKind.UPDATED)

    def delete(self, row: Row) -> None:
        """Put a record into the recycle bin."""
        row.deleted = True
        self._set(row, {}, ChangeKind.DELETED)

    def undelete(self, row: Row) -> bool:
        """Bring a record back, unless its external id was given away; returns whether it came back."""
        key = row.fields.get(EXTERNAL_ID)
        if key and self._keyed(row.object, str(key)):
            return False
        row.deleted, row.email_since = False, self.changes + 1
        self._set(row, {}, ChangeKind.UNDELETED)
        return True

    def convert(self, lead: Row, contact: Row | None, *, with_external_id: bool) -> Row:
        """Convert a lead into a new contact, or one there is, of which only empty fields are filled: no checkbox is."""
        carried = dict(lead.fields)
        if not with_external_id or self._keyed("Contact", str(carried.get(EXTERNAL_ID))):
            carried.pop(EXTERNAL_ID, None)
        if contact is None:
            contact = self.create("Contact", carried)
        else:
            self.edit(
                contact, {name: value for name, value in carried.items() if contact.fields.get(name) in (None, "")}
            )
        lead.contact = contact.id
        self._set(lead, {}, ChangeKind.UPDATED)
        return contact

    def merge(self, master: Row, loser: Row, fields: Sequence[str]) -> None:
        """Merge one record into another of its object, which takes over the fields that were chosen."""
        loser.deleted, loser.master = True, master.id
        self._set(loser, {}, ChangeKind.DELETED)
        chosen = {name: loser.fields.get(name) for name in fields}
        if not master.fields.get(EXTERNAL_ID):
            chosen[EXTERNAL_ID] = loser.fields.get(EXTERNAL_ID)
        self.edit(master, chosen)

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        """As the connector does it: the records with an asked-for form in every part, whatever the case."""
        return [self._answer(look_up) for look_up in look_ups]

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        """As the connector does it, for the only two ways in which it is asked: by id, and by external id."""
        if key_field == "Id":
            found = [self.rows.get(RecordId(id_)) for id_ in values]
        else:
            assert key_field == KEYS.get(object_name, EXTERNAL_ID)
            found = [row for value in values for row in self._keyed(object_name, value)]
        return [_read(row, fields) for row in found if row is not None and row.alive]

    async def find_fates(
        self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
    ) -> dict[RecordId, Fate]:
        """As the connector does it."""
        return {id_: self._fate(self.rows.get(id_), fields) for id_ in ids}

    async def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """As the connector does it: upserts by external id, and updates by record id."""
        return [self._write(write) for write in writes]

    async def delete_record(self, write: RecordDelete) -> Done | Failure:
        """As the connector does it."""
        for row in self._keyed(write.object, write.external_id[1]):
            self.delete(row)
        return Done("")

    def _answer(self, look_up: LookUp) -> list[Record]:
        forms = [{form.casefold() for key in look_up.keys for form in key[at]} for at in range(len(look_up.parts))]
        return [
            _read(row, look_up.select)
            for row in self.alive(look_up.object)
            if all(
                any(_text(row, name) in wanted for name in part.fields)
                for part, wanted in zip(look_up.parts, forms, strict=True)
            )
        ]

    def _write(self, write: RecordWrite) -> WriteResult:
        result = self._carry_out(write)
        self.writes += isinstance(result, Written)
        self.refusals += not isinstance(result, Written)
        return result

    def _carry_out(self, write: RecordWrite) -> WriteResult:
        fields = {each.field: each.new for each in write.fields}
        if write.action is Action.CREATE:
            return self._upsert(write, fields)
        row = self.rows[write.record_id] if write.record_id is not None else None
        if row is None or row.deleted:
            return LinkLost("ENTITY_IS_DELETED", "entity is deleted")
        if row.contact is not None:
            return result_of("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", (), (), write.action)
        key = fields.get(EXTERNAL_ID)
        holders = [other for other in self._keyed(row.object, str(key)) if other is not row] if key else []
        if holders:
            return result_of("DUPLICATE_VALUE", "duplicate value found", (), (holders[0].id,), write.action)
        self.edit(row, fields)
        return Written(row.id, created=False)

    def _upsert(self, write: RecordWrite, fields: dict[str, FieldValue]) -> WriteResult:
        name, key = write.external_id
        found = self._keyed(write.object, key)
        if not found:
            self._forbid_double(fields.get("Email"))
            return Written(self.create(write.object, {name: key, **fields}, HUB).id, created=True)
        if found[0].contact is not None:
            return Rejected("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        self.edit(found[0], fields)
        return Written(found[0].id, created=False)

    def _forbid_double(self, email: FieldValue) -> None:
        """The hub makes no record beside one with the same address that it could know of, or that it made itself."""
        for row in self.alive() if email else ():
            known = row.email_since <= self.hub_began or (row.made_by == HUB and row.made_at > self.hub_began)
            same = str(row.fields.get("Email")).lower() == str(email).lower()
            assert not (known and same), f"a double of {row}"

    def _keyed(self, object_name: str, key: str) -> list[Row]:
        """The records, converted leads among them, that hold the external id; its comparison ignores case."""
        name = KEYS.get(object_name, EXTERNAL_ID)
        return [
            row
            for row in self.rows.values()
            if row.object == object_name and not row.deleted and str(row.fields.get(name)).lower() == key.lower()
        ]

    def _fate(self, row: Row | None, fields: Sequence[str]) -> Fate:
        if row is None:
            return Vanished()
        if row.deleted:
            return Deleted() if row.master is None else Merged(row.master)
        if row.contact is not None:
            return Converted(row.contact, None)
        return Alive(_read(row, fields))

    def _set(self, row: Row, fields: Mapping[str, FieldValue], kind: ChangeKind) -> None:
        self.changes += 1
        stored = {name: _stored(name, value) for name, value in fields.items()}
        if "Email" in stored and stored["Email"] != row.fields.get("Email"):
            row.email_since = self.changes
        row.fields |= {**stored, MODIFIED_FIELD: self.clock.salesforce_text}
        whole = {**dict.fromkeys(POLLED), **row.fields}
        changed = dict(row.fields) if kind in (ChangeKind.CREATED, ChangeKind.UNDELETED) else stored
        self.news.append(RecordNews(len(self.news), row.object, row.id, kind, self.clock.now_ms, changed, whole))


def as_change_event(news: RecordNews, clock: Clock) -> Event:
    """The event of change data capture."""
    change = RecordChange(news.object, news.id, news.kind, news.changed)
    return change_event(f"cdc-{news.number}", Source.CHANGE_EVENTS, change, clock.now)


def as_polled(news: RecordNews, clock: Clock) -> Event:
    """The record as a poll at that time would have found it."""
    kind = ChangeKind.DELETED if news.kind is ChangeKind.DELETED else ChangeKind.UPDATED
    change = RecordChange(news.object, news.id, kind, news.whole)
    return change_event(f"poll-{news.number}", Source.RECORD_POLL, change, clock.now)


def _read(row: Row, fields: Sequence[str]) -> Record:
    return Record(row.object, row.id, {name: row.fields.get(name) for name in fields})


def _text(row: Row, name: str) -> str:
    return (row.id if name == "Id" else str(row.fields.get(name))).casefold()


def _stored(name: str, value: FieldValue) -> FieldValue:
    """The value as Salesforce keeps it: trimmed, empty text as null, choices in the order of the picklist."""
    if name in BOOLEANS:
        return bool(value)
    if isinstance(value, str):
        text = value.strip()
        return (";".join(sorted(text.split(";"))) if name in CHOICES else text) or None
    return value
