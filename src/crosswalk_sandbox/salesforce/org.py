"""One org: its objects, rows and rules for writing them. Everything is in memory and happens at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.salesforce.bulk.jobs import Jobs
from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, RecordRefused, not_found
from crosswalk_sandbox.salesforce.faults import FaultOrder, Faults
from crosswalk_sandbox.salesforce.ids import is_id_shaped, make_id, to_id18
from crosswalk_sandbox.salesforce.journal import CallLog, WriteLog
from crosswalk_sandbox.salesforce.schema import Field, ObjectType, standard_objects
from crosswalk_sandbox.salesforce.sessions import TOKEN_LIFETIME, Sessions
from crosswalk_sandbox.salesforce.table import Row, Table
from crosswalk_sandbox.salesforce.times import format_stamp, format_time, utc_now
from crosswalk_sandbox.salesforce.usage import ApiUsage
from crosswalk_sandbox.salesforce.validation import check_fields, check_required

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
        Current time in UTC.
    daily_limit
        API calls allowed in 24 hours.
    """

    def __init__(
        self,
        *,
        instance_url: str,
        client_id: str,
        client_secret: str,
        username: str,
        jwt_certificate_pem: str | None,
        clock: Callable[[], datetime] = utc_now,
        daily_limit: int = 100_000,
    ) -> None:
        self.instance_url = instance_url
        self.clock = clock
        self._daily_limit = daily_limit
        self.sessions = Sessions(
            client_id=client_id,
            client_secret=client_secret,
            username=username,
            certificate_pem=jwt_certificate_pem,
            clock=clock,
        )
        self.objects: dict[str, ObjectType] = standard_objects()
        self._undo: list[Callable[[], None]] | None = None
        self.jobs = Jobs(clock)
        self.faults = Faults()
        self.reset()

    def reset(self) -> None:
        """Forget all rows, logs, troubles, settings and spent calls; keep objects and sessions."""
        self.tables = {name: Table(object_type) for name, object_type in self.objects.items()}
        self.writes = WriteLog()
        self.calls = CallLog()
        self.faults.clear()
        self.usage = ApiUsage(self._daily_limit)
        self.latency_ms = 0.0
        self.sessions.lifetime = TOKEN_LIFETIME
        self.cursors: dict[str, list[Row]] = {}
        self.jobs.clear()
        self.user_id = self._add_integration_user()

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
        object_type = self.objects[object]
        object_type.add_field(describe_field)
        self.tables[object].index_field(object_type.fields[describe_field["name"]])
        if object_type.fields[describe_field["name"]].type == "boolean":
            for row in self.tables[object].rows.values():
                row.setdefault(describe_field["name"], False)

    def apply_faults(self, order: FaultOrder) -> None:
        """Start or end troubles."""
        self.faults.order(order)
        if order.revoke_tokens:
            self.sessions.revoke_all()

    def apply_settings(
        self,
        *,
        latency_ms: float | None = None,
        daily_limit: int | None = None,
        token_lifetime_s: float | None = None,
    ) -> None:
        """Change how slow the org is, how many calls it grants in 24 hours, and how long new tokens live."""
        if latency_ms is not None:
            self.latency_ms = latency_ms
        if daily_limit is not None:
            self.usage.daily_limit = daily_limit
        if token_lifetime_s is not None:
            self.sessions.lifetime = timedelta(seconds=token_lifetime_s)

    def snapshot(self) -> dict[str, Any]:
        """All rows that are not deleted, by object, oldest first, with the fields that have a value."""
        return {
            name: [{key: value for key, value in row.items() if value is not None} for row in self.rows(name)]
            for name in ("Account", "Contact", "Lead")
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

    def insert(self, object: str, fields: dict[str, Any], *, source: str = "sandbox") -> str:
        """Create a record and return its id.

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
        values = check_fields(object_type, {k: v for k, v in fields.items() if k != "Id"}, "insert", self.find_parent)
        check_required(object_type, values, is_insert=True)
        self._check_references(object_type, values)
        self._check_unique(table, values, None)
        table.last_number += 1
        row_id = make_id(object_type.key_prefix, table.last_number)
        row = self._new_row(object_type, row_id, values)
        table.put(row)
        self._remember(lambda: table.remove(row))
        self._log("create", object, row_id, values, changed=list(values), source=source)
        return row_id

    def update(self, object: str, id: str, fields: dict[str, Any], *, source: str = "sandbox") -> None:
        """Give fields of a record new values; raises like `insert`, and when the record is gone."""
        table = self.tables[object]
        row = self._writable_row(table, id, source)
        values = check_fields(table.object_type, fields, "update", self.find_parent)
        check_required(table.object_type, values, is_insert=False)
        self._check_references(table.object_type, values)
        self._check_unique(table, values, row["Id"])
        changed = [name for name, value in values.items() if row.get(name) != value]
        new_values = {**{name: values[name] for name in changed}, **self._touched()}
        if table.object_type.has_person_name and ("FirstName" in changed or "LastName" in changed):
            new_values["Name"] = _full_name({**row, **new_values})
        old_values = {name: row.get(name) for name in new_values}
        table.change(row, new_values)
        self._remember(lambda: table.change(row, old_values))
        self._log("update", object, row["Id"], values, changed=changed, source=source)

    def delete(self, object: str, id: str, *, source: str = "sandbox") -> None:
        """Move a record to the recycle bin; raises when it is not there."""
        table = self.tables[object]
        row = self._writable_row(table, id, source)
        new_values = self._touched()
        old_values = {name: row.get(name) for name in new_values}
        table.mark_deleted(row, new_values)
        self._remember(lambda: table.unmark_deleted(row, old_values))
        self._log("delete", object, row["Id"], {}, changed=[], source=source)

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

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Undo every write inside when the block raises; blocks may stand inside one another."""
        mark, outer, own = len(self.writes), self._undo, list[Callable[[], None]]()
        self._undo = own
        try:
            yield
        except BaseException:
            for undo in reversed(own):
                undo()
            self.writes.cut(mark)
            raise
        else:
            if outer is not None:
                outer.extend(own)
        finally:
            self._undo = outer

    def find_parent(self, object: str, field: str, value: Any) -> list[str]:
        """The ids of the records that a nested `{"Account": {"External__c": …}}` names."""
        key = self.key_field(object, field)
        return self.tables[object].find(key.name, value)

    def _writable_row(self, table: Table, id: str, source: str) -> Row:
        id18 = to_id18(id) if isinstance(id, str) else None
        if id18 is None or not id18.startswith(table.object_type.key_prefix):
            message = f"{table.object_type.label} ID: id value of incorrect type: {id}"
            raise RecordRefused(RecordProblem("MALFORMED_ID", message, ["Id"]))
        row = table.rows.get(id18)
        if row is None:
            raise RecordRefused(RecordProblem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"), status=404)
        if row["IsDeleted"]:
            raise RecordRefused(RecordProblem("ENTITY_IS_DELETED", "entity is deleted"), status=404)
        if source == "api" and self.faults.take_lock(id18):
            message = f"unable to obtain exclusive access to this record or 1 records: {id18}"
            raise RecordRefused(RecordProblem("UNABLE_TO_LOCK_ROW", message))
        return row

    def _check_references(self, object_type: ObjectType, values: Row) -> None:
        for name, value in values.items():
            field = object_type.fields[name]
            if value is None or field.type != "reference":
                continue
            tables = [self.tables[target] for target in field.references if target in self.tables]
            if not any(value.startswith(table.object_type.key_prefix) for table in tables):
                message = f"{field.label}: id value of incorrect type: {value}"
                raise RecordRefused(RecordProblem("FIELD_INTEGRITY_EXCEPTION", message, [name]))
            row = next((table.rows[value] for table in tables if value in table.rows), None)
            if row is None or row["IsDeleted"]:
                raise RecordRefused(RecordProblem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))

    def _check_unique(self, table: Table, values: Row, own_id: str | None) -> None:
        for name, value in values.items():
            if value is None or not table.object_type.fields[name].unique:
                continue
            others = [row_id for row_id in table.find(name, value) if row_id != own_id]
            if others:
                message = f"duplicate value found: {name} duplicates value on record with id: {others[0]}"
                raise RecordRefused(RecordProblem("DUPLICATE_VALUE", message))

    def _new_row(self, object_type: ObjectType, row_id: str, values: Row) -> Row:
        row: Row = {
            name: field.default
            for name, field in object_type.fields.items()
            if field.default is not None or field.type == "boolean"
        }
        row |= {"Id": row_id, "IsDeleted": False, **values}
        row |= self._touched()
        row["CreatedDate"] = row["SystemModstamp"]
        row["CreatedById"] = row.get("LastModifiedById")
        row.setdefault("OwnerId", row["CreatedById"])
        if object_type.has_person_name:
            row["Name"] = _full_name(row)
        if "PhotoUrl" in object_type.fields:
            row["PhotoUrl"] = f"/services/images/photo/{row_id}"
        if "CleanStatus" in object_type.fields:
            row.setdefault("CleanStatus", "Pending")
        return row

    def _touched(self) -> Row:
        stamp = format_stamp(self.clock())
        return {"LastModifiedDate": stamp, "SystemModstamp": stamp, "LastModifiedById": self.user_id}

    def _remember(self, undo: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(undo)

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

    def _add_integration_user(self) -> str:
        row_id = make_id("005", 1)
        stamp = format_stamp(self.clock())
        names = {"FirstName": "Integration", "LastName": "User", "Name": "Integration User"}
        stamps = {"CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp}
        username = self.sessions.username
        row = {"Id": row_id, "IsDeleted": False, "IsActive": True, "Username": username, "Email": username}
        self.tables["User"].put({**row, **names, **stamps})
        return row_id


def _full_name(row: Row) -> str:
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
