"""What a write may refer to, and which values only one record may have."""

from collections.abc import Mapping

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.table import Row, Table


def check_references(tables: Mapping[str, Table], object_type: ObjectType, values: Row) -> None:
    """Refuse references to nothing, to the wrong kind of record, and to converted leads."""
    for name, value in values.items():
        field = object_type.fields[name]
        if value is None or field.type != "reference":
            continue
        targets = [tables[target] for target in field.references if target in tables]
        if not any(value.startswith(table.object_type.key_prefix) for table in targets):
            message = f"{field.label}: id value of incorrect type: {value}"
            raise RecordRefused(RecordProblem("FIELD_INTEGRITY_EXCEPTION", message, [name]))
        row = next((table.rows[value] for table in targets if value in table.rows), None)
        if row is None or row["IsDeleted"]:
            raise RecordRefused(RecordProblem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))
        if row.get("IsConverted"):
            problem = RecordProblem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [name])
            raise RecordRefused(problem)


def check_unique(table: Table, values: Row, own_id: str | None) -> None:
    """Refuse a value of a unique field that another record has."""
    for name, value in values.items():
        if value is None or not table.object_type.fields[name].unique:
            continue
        others = [row_id for row_id in table.find(name, value) if row_id != own_id]
        if others:
            message = f"duplicate value found: {name} duplicates value on record with id: {others[0]}"
            raise RecordRefused(RecordProblem("DUPLICATE_VALUE", message))
