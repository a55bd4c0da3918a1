"""One org: its objects, rows and rules for writing them. Everything is in memory and happens at once."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.faults import FaultOrder, Faults
from crosswalk_sandbox.salesforce.acting import ACTING_USER
from crosswalk_sandbox.salesforce.bulk.jobs import Jobs
from crosswalk_sandbox.salesforce.catalog import standard_objects
from crosswalk_sandbox.salesforce.derived import derive, full_name, has_rules
from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, RecordRefused, not_found
from crosswalk_sandbox.salesforce.faults import refuse_on_order
from crosswalk_sandbox.salesforce.ids import is_id_shaped, make_id, to_id18
from crosswalk_sandbox.salesforce.integrity import check_references, check_unique
from crosswalk_sandbox.salesforce.journal import CallLog, WriteLog
from crosswalk_sandbox.salesforce.loading import load_records
from crosswalk_sandbox.salesforce.oauth import AuthorizationServer, ConnectedApp
from crosswalk_sandbox.salesforce.person_accounts import (
    add_person_contact,
    check_account_names,
    check_deletable,
    check_person_keys,
    mirror_account,
    mirror_contact,
    name_account,
)
from crosswalk_sandbox.salesforce.pubsub.events import OrgEvents
from crosswalk_sandbox.salesforce.recycle_bin import Deletion, delete_with_children, undelete_with_children
from crosswalk_sandbox.salesforce.rules import Rules
from crosswalk_sandbox.salesforce.schema import Field, ObjectType
from crosswalk_sandbox.salesforce.setup import Setup, furnish
from crosswalk_sandbox.salesforce.table import Row, Table
from crosswalk_sandbox.salesforce.times import format_stamp, format_time
from crosswalk_sandbox.salesforce.transactions import Transactions, transacted
from crosswalk_sandbox.salesforce.usage import ApiUsage, RunningCalls
from crosswalk_sandbox.salesforce.validation import check_fields, check_required

CONCURRENT_LIMIT = 25
_ADDRESS_PARTS = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")


class Org:
    """One Salesforce org in memory.

    Parameters
    ----------
    instance_url
        The org's own address, `https://host[:port]`; may be set once the port is known.
    client_id, client_secret
        The connected app.
    username
        The integration user.
    jwt_certificate_pem
        Certificate or public key for the JWT bearer flow; None switches that flow off.
    clock
        Current time in UTC: the sandbox's clock, or any other source.
    daily_limit
        API calls allowed in 24 hours.
    person_accounts
        Whether Person Accounts are on from the start; they can be switched on later, and not off, as with the vendor.

    Attributes
    ----------
    schema
        All objects with all fields.
    setup
        What an administrator does: custom objects and fields, Person Accounts, field access.
    rules
        Validation and duplicate rules.
    """

    def __init__(
        self,
        *,
        instance_url: str,
        client_id: str,
        client_secret: str,
        username: str,
        jwt_certificate_pem: str | None,
        clock: Callable[[], datetime] | None = None,
        daily_limit: int = 100_000,
        person_accounts: bool = False,
    ) -> None:
        self.instance_url = instance_url
        self.time = SandboxClock.over(clock)
        self.clock: Callable[[], datetime] = self.time
        self._daily_limit = daily_limit
        self.username = username
        # Each org has its own id, which its connected app's key makes up here, so that tokens of one fit no other.
        self.organization_id = make_id("00D", zlib.crc32(client_id.encode()))
        self.oauth = AuthorizationServer(
            self,
            ConnectedApp(
                name="Identity Integration",
                consumer_key=client_id,
                consumer_secret=client_secret,
                flows=["client_credentials", "jwt_bearer"],
                scopes=["api"],
                permitted_users="admin_approved",
                approved_users=[username],
                run_as=username,
                certificate=jwt_certificate_pem,
            ),
        )
        self.sessions = self.oauth.sessions
        self._starts_with_person_accounts = person_accounts
        self.faults = Faults("salesforce", self.time)
        self.events = OrgEvents(self)
        self.jobs = Jobs(self.time)
        self.reset()

    def reset(self) -> None:
        """Back to a new org: forget rows, custom objects, rules, logs, troubles and settings; keep sessions."""
        self.schema: dict[str, ObjectType] = standard_objects()
        self.tables = {name: Table(object_type) for name, object_type in self.schema.items()}
        self.deletions: dict[str, Deletion] = {}
        self.purged: dict[str, list[Row]] = {}
        self.person_accounts = False
        self.person_fields: dict[str, str] = {}
        self.rules = Rules(self, self.schema)
        self.setup = Setup(self)
        self.writes = WriteLog()
        self.transactions = Transactions((self.writes, self.events.capture), self.events.capture.commit)
        self.calls = CallLog()
        self.faults.reset()
        self.usage = ApiUsage(self._daily_limit, self.time.monotonic)
        self.running = RunningCalls(CONCURRENT_LIMIT, self.time.monotonic)
        self.latency_ms = 0.0
        self.oauth.reset()
        self.cursors: dict[str, Sequence[Row]] = {}
        self.jobs.clear()
        self.user_id = make_id("005", 1)
        self.events.reset()
        furnish(self)
        if self._starts_with_person_accounts:
            self.setup.switch_on_person_accounts()

    @property
    def objects(self) -> dict[str, ObjectType]:
        """All objects as the user sees them whose call is being served."""
        return self.setup.objects_seen_by(self.acting_user_id)

    @property
    def acting_user_id(self) -> str:
        """The user whose call is being served, or the integration user."""
        return ACTING_USER.get() or self.user_id

    def object_type(self, name: str) -> ObjectType:
        """The object of this name in any case; 404 when the org has none."""
        found = self.objects.get(name)
        if found is None:
            found = next((each for key, each in self.objects.items() if key.lower() == name.lower()), None)
        if found is None:
            raise not_found()
        return found

    def add_custom_field(self, object: str, describe_field: dict[str, Any]) -> None:
        """Add a field by its describe entry; what the entry leaves out takes the object's defaults."""
        self.setup.add_field(object, describe_field)

    def apply_faults(self, order: FaultOrder) -> None:
        """Start or end troubles by a short order."""
        self.faults.order(order)
        if order.revoke_tokens:
            self.sessions.revoke_all()

    def apply_settings(
        self,
        *,
        latency_ms: float | None = None,
        daily_limit: int | None = None,
        token_lifetime_s: float | None = None,
        concurrent_limit: int | None = None,
    ) -> None:
        """Change how slow the org is, how many calls it grants in a day and at once, and how long new tokens live."""
        if latency_ms is not None:
            self.latency_ms = latency_ms
        if daily_limit is not None:
            self.usage.daily_limit = daily_limit
        if token_lifetime_s is not None:
            self.sessions.lifetime = timedelta(seconds=token_lifetime_s)
        if concurrent_limit is not None:
            self.running.limit = concurrent_limit

    def snapshot(self) -> dict[str, Any]:
        """All rows that are not deleted, by object, oldest first, with the fields that have a value.

        Accounts, contacts and leads are always there; other objects when they have rows that are not part of a new org.
        """
        always, never = ("Account", "Contact", "Lead"), ("Profile", "PermissionSet")
        names = [*always, *(name for name in self.schema if name not in always and name not in never)]
        rows = {name: self.rows(name) for name in names}
        rows["User"] = [row for row in rows["User"] if row["Id"] != self.user_id]
        return {
            name: [{key: value for key, value in row.items() if value is not None} for row in each]
            for name, each in rows.items()
            if each or name in always
        }

    def rows(self, object: str) -> list[Row]:
        """Copies of the object's rows that are not deleted, oldest first."""
        return [dict(row) for row in self.tables[object].rows.values() if not row["IsDeleted"]]

    def get(self, object: str, id: str) -> Row:
        """A copy of one row with every field; `ApiError` 404 when there is none."""
        return self.full_row(object, self.existing_row(object, id))

    def full_row(self, object: str, row: Row) -> Row:
        """All fields of a row in the describe result's order, compound addresses included."""
        return {name: self.field_value(row, field) for name, field in self.objects[object].fields.items()}

    def field_value(self, row: Row, field: Field) -> Any:
        """The value of a field of a row; compound addresses are put together here."""
        if field.type != "address":
            return row.get(field.name)
        prefix = field.name.removesuffix("Address")
        address = {part[0].lower() + part[1:]: row.get(prefix + part) for part in _ADDRESS_PARTS}
        return address if any(value is not None for value in address.values()) else None

    def existing_row(self, object: str, id: str) -> Row:
        """The row itself for a call about one record, with that call's errors (404) when it cannot be had."""
        object_type = self.objects[object]
        if not is_id_shaped(id):
            raise not_found(f"Provided external ID field does not exist or is not accessible: {id}")
        id18 = to_id18(id)
        if id18 is None or not id18.startswith(object_type.key_prefix):
            message = f"{object_type.label} ID: id value of incorrect type: {id}"
            raise ApiError(400, "MALFORMED_ID", message, ["Id"])
        row = self.tables[object].rows.get(id18)
        if row is None:
            raise not_found()
        if row["IsDeleted"]:
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        return row

    @transacted
    def insert(self, object: str, fields: dict[str, Any], *, source: str = "sandbox") -> str:
        """Create a record and return its id.

        Parameters
        ----------
        object, fields
            What to create.
        source
            Who asks: `api` for the integration user, whose field access counts, `page` for a person, for both of whom
            rules hold, and `sandbox` for anything else.

        Raises
        ------
        RecordRefused
            When the fields break a rule of the org.
        ApiError
            For a value of the wrong JSON type.
        """
        table = self.tables[object]
        object_type = table.object_type
        if "Id" in fields and fields["Id"] is not None:
            problem = RecordProblem("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
            raise RecordRefused(problem)
        if source == "api" and self.faults.concern_records:
            refuse_on_order(self.faults, object, None)
        self._check_allowed(object, "createable", "inserted", source)
        seen = self.objects[object] if source == "api" else object_type
        values = check_fields(seen, {k: v for k, v in fields.items() if k != "Id"}, "insert", self.find_parent)
        check_required(object_type, values, is_insert=True)
        check_references(self.tables, object_type, values)
        check_unique(table, values, None)
        is_person_side = self.person_accounts and object == "Account"
        if is_person_side:
            check_account_names(values, None)
            check_person_keys(self, values, None)
        row = self.new_row(object_type, values)
        if is_person_side:
            row |= name_account(row)
        if source != "sandbox" and self.rules.hold_for(object):
            self.rules.check(object, row, values, source)
        self.add_row(table, row, values, source=source)
        if is_person_side and row["IsPersonAccount"]:
            add_person_contact(self, row, source=source)
        return str(row["Id"])

    def load(self, object: str, records: Iterable[dict[str, Any]]) -> list[str]:
        """Create very many records that are there from the start, not in the write log; returns their ids."""
        return load_records(self, object, records)

    @transacted
    def update(self, object: str, id: str, fields: dict[str, Any], *, source: str = "sandbox") -> None:
        """Give fields of a record new values; raises like `insert`, and when the record is gone."""
        table = self.tables[object]
        object_type = table.object_type
        row = self.writable_row(table, id, source)
        self._check_allowed(object, "updateable", "updated", source)
        seen = self.objects[object] if source == "api" else object_type
        values = check_fields(seen, fields, "update", self.find_parent)
        check_required(object_type, values, is_insert=False)
        check_references(self.tables, object_type, values)
        check_unique(table, values, row["Id"])
        changed = [name for name, value in values.items() if row.get(name) != value]
        new_values = {**{name: values[name] for name in changed}, **self._touched()}
        if object_type.has_person_name and ("FirstName" in changed or "LastName" in changed):
            new_values["Name"] = full_name({**row, **new_values})
        is_person_side = self.person_accounts and object in ("Account", "Contact")
        if is_person_side and object == "Account":
            check_account_names(values, row)
            check_person_keys(self, values, row)
            new_values |= name_account({**row, **new_values}) if row["IsPersonAccount"] else {}
        if has_rules(object):
            new_values |= derive(object, {**row, **new_values}, values, self.tables)
        if source != "sandbox" and self.rules.hold_for(object):
            self.rules.check(object, {**row, **new_values}, values, source)
        self._set(table, row, new_values, source=source)
        self._log("update", object, row["Id"], values, changed=changed, source=source)
        if is_person_side and row["IsPersonAccount"]:
            mirror = mirror_account if object == "Account" else mirror_contact
            mirror(self, row, changed, source=source)

    def delete(self, object: str, id: str, *, source: str = "sandbox") -> None:
        """Move a record and what belongs to it to the recycle bin; raises when it is not there or must stay."""
        table = self.tables[object]
        row = self.writable_row(table, id, source, deleting=True)
        self._check_allowed(object, "deletable", "deleted", source)
        if object == "Contact":
            check_deletable(row)
        with self.all_or_none():
            delete_with_children(self, table, row, source=source)

    def undelete(self, object: str, id: str, *, source: str = "sandbox") -> None:
        """Bring a record back from the recycle bin with what was deleted along with it."""
        table = self.tables[object]
        row = table.rows.get(to_id18(id) or "")
        if row is None:
            raise RecordRefused(RecordProblem("UNDELETE_FAILED", "Entity is not in the recycle bin"))
        with self.all_or_none():
            undelete_with_children(self, table, row, source=source)

    def key_field(self, object: str, name: str) -> Field:
        """The field that an upsert names as its key; 404 when the object has no such key."""
        field = self.objects[object].by_lower_name.get(name.lower())
        if field is None or not field.is_key:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
        return field

    def upsert(
        self, object: str, key: Field, value: Any, fields: dict[str, Any], *, source: str = "sandbox"
    ) -> tuple[str, bool]:
        """Update the record whose key field has this value, or create it; returns its id and whether it is new."""
        if key.name == "Id":
            if value is None or value == "":
                return self.insert(object, fields, source=source), True
            self.update(object, str(value), fields, source=source)
            return to_id18(str(value)) or str(value), False
        found = self.tables[object].find(key.name, value)
        if len(found) > 1:
            message = f"More than one record found for external id field: [{', '.join(found)}]"
            raise RecordRefused(RecordProblem("DUPLICATE_EXTERNAL_ID", message, [key.name]))
        if found:
            self.update(object, found[0], fields, source=source)
            return found[0], False
        return self.insert(object, {**fields, key.name: value}, source=source), True

    def all_or_none(self) -> AbstractContextManager[None]:
        """A block that undoes every write inside when it raises; such blocks nest, and are one transaction."""
        return self.transactions.all_or_none()

    def find_parent(self, object: str, field: str, value: Any) -> list[str]:
        """The ids of the records that a nested `{"Account": {"External__c": …}}` names."""
        key = self.key_field(object, field)
        return self.tables[object].find(key.name, value)

    def writable_row(self, table: Table, id: str, source: str, *, deleting: bool = False) -> Row:
        """The row itself for a write, or what the vendor says when it is not there, locked, or a converted lead."""
        id18 = to_id18(id) if isinstance(id, str) else None
        if id18 is None or not id18.startswith(table.object_type.key_prefix):
            message = f"{table.object_type.label} ID: id value of incorrect type: {id}"
            raise RecordRefused(RecordProblem("MALFORMED_ID", message, ["Id"]))
        row = table.rows.get(id18)
        if row is None:
            raise RecordRefused(RecordProblem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"), status=404)
        if row["IsDeleted"]:
            raise RecordRefused(RecordProblem("ENTITY_IS_DELETED", "entity is deleted"), status=404)
        if not deleting and row.get("IsConverted"):
            raise RecordRefused(RecordProblem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"))
        if source == "api" and self.faults.concern_records:
            refuse_on_order(self.faults, table.object_type.name, id18)
        return row

    def new_row(self, object_type: ObjectType, values: Row) -> Row:
        """A row with its next id, defaults, time stamps and computed fields; not yet in its table."""
        table = self.tables[object_type.name]
        row_id = make_id(object_type.key_prefix, table.last_number + 1)
        row: Row = {**object_type.row_defaults, "Id": row_id, "IsDeleted": False, **values}
        row |= self._touched()
        row["CreatedDate"] = row["SystemModstamp"]
        row["CreatedById"] = row.get("LastModifiedById")
        if "OwnerId" in object_type.fields:
            row.setdefault("OwnerId", row["CreatedById"])
        if object_type.has_person_name:
            row["Name"] = full_name(row)
        if "PhotoUrl" in object_type.fields:
            row["PhotoUrl"] = f"/services/images/photo/{row_id}"
        if "CleanStatus" in object_type.fields:
            row.setdefault("CleanStatus", "Pending")
        if has_rules(object_type.name):
            row |= derive(object_type.name, row, [name for name in row if row[name] is not None], self.tables)
        return row

    def add_row(self, table: Table, row: Row, values: Row, *, source: str) -> None:
        """Put a new row into its table and the write log."""
        table.last_number += 1
        table.put(row)
        self.transactions.remember(lambda: table.remove(row))
        self.events.capture.note("CREATE", table.object_type, row, (), source)
        self._log("create", table.object_type.name, row["Id"], values, changed=list(values), source=source)

    def set_quietly(self, table: Table, row: Row, values: Row) -> None:
        """Give a row values that no time stamp and no log shows."""
        old_values = {name: row.get(name) for name in values}
        table.change(row, values)
        self.transactions.remember(lambda: table.change(row, old_values))

    def set_touched(self, table: Table, row: Row, values: Row, *, source: str = "sandbox") -> None:
        """Give a row values that the vendor sets itself, also where clients may not."""
        changed = [name for name, value in values.items() if row.get(name) != value]
        self._set(table, row, {**values, **self._touched()}, source=source)
        self._log("update", table.object_type.name, row["Id"], values, changed=changed, source=source)

    def mark_deleted(self, table: Table, row: Row, values: Row, *, source: str) -> None:
        """Move one row to the recycle bin, with further values that the deletion sets."""
        new_values = {**values, **self._touched()}
        old_values = {name: row.get(name) for name in new_values}
        table.mark_deleted(row, new_values)
        self.transactions.remember(lambda: table.unmark_deleted(row, old_values))
        self.events.capture.note("DELETE", table.object_type, row, (), source)
        self._log("delete", table.object_type.name, row["Id"], values, changed=list(values), source=source)

    def unmark_deleted(self, table: Table, row: Row, *, source: str) -> None:
        """Bring one row back from the recycle bin."""
        new_values = self._touched()
        if "MasterRecordId" in row:
            new_values["MasterRecordId"] = None
        old_values = {name: row.get(name) for name in new_values}
        table.unmark_deleted(row, new_values)
        self.transactions.remember(lambda: table.mark_deleted(row, old_values))
        self.events.capture.note("UNDELETE", table.object_type, row, (), source)
        self._log("undelete", table.object_type.name, row["Id"], {}, changed=[], source=source)

    def _set(self, table: Table, row: Row, values: Row, *, source: str) -> None:
        """Give a row values, of which those that are new and the time are told."""
        names = [name for name, value in values.items() if row.get(name) != value or name == "LastModifiedDate"]
        self.set_quietly(table, row, values)
        self.events.capture.note("UPDATE", table.object_type, row, names, source)

    def _check_allowed(self, object: str, operation: str, word: str, source: str) -> None:
        if source == "api" and not self.schema[object].allows(operation):
            message = f"entity type cannot be {word}: {object}"
            raise RecordRefused(RecordProblem("INVALID_TYPE_FOR_OPERATION", message))

    def _touched(self) -> Row:
        stamp = format_stamp(self.clock())
        return {"LastModifiedDate": stamp, "SystemModstamp": stamp, "LastModifiedById": self.acting_user_id}

    def _log(self, operation: str, object: str, row_id: str, fields: Row, *, changed: list[str], source: str) -> None:
        self.writes.append(
            time=format_time(self.clock()),
            operation=operation,
            object=object,
            id=row_id,
            fields=fields,
            changed=changed,
            source=source,
        )
