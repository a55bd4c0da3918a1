"""Deletions with what goes along, and bringing it all back.

What goes along is what the describe results say: children whose relationship cascades are deleted, children whose
relationship restricts stop the deletion, and any other reference to the record is emptied until it comes back.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.integrity import check_unique
from crosswalk_sandbox.salesforce.schema import ChildRelationship, Field
from crosswalk_sandbox.salesforce.table import Row, Table

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org


@dataclass(slots=True)
class Deletion:
    """What one deletion took along: children as (object, id), and emptied references as (object, id, field)."""

    children: list[tuple[str, str]] = field(default_factory=list)
    emptied: list[tuple[str, str, str]] = field(default_factory=list)


def delete_with_children(org: "Org", table: Table, row: Row, *, source: str, values: Row | None = None) -> None:
    """Move a record to the recycle bin together with the children that belong to it.

    Parameters
    ----------
    org
        The org, inside `all_or_none`.
    table, row
        The record.
    source
        Who asked, for the write log.
    values
        Fields that the deletion sets, such as `MasterRecordId`.

    Raises
    ------
    RecordRefused
        `DELETE_FAILED` when a child forbids it.
    """
    deletion = Deletion()
    found = [
        (relationship, child_table, child_id)
        for relationship in table.object_type.child_relationships
        if (child_table := org.tables.get(relationship.object)) is not None
        and child_table.is_indexed(relationship.field)
        for child_id in child_table.find(relationship.field, row["Id"])
    ]
    for relationship, child_table, child_id in found:
        if _restricts(relationship, child_table.rows[child_id]):
            raise _refusal(row, child_table, child_id)
    org.mark_deleted(table, row, values or {}, source=source)
    for relationship, child_table, child_id in found:
        child = child_table.rows[child_id]
        if child["IsDeleted"]:
            continue
        if relationship.cascades:
            deletion.children.append((relationship.object, child_id))
            delete_with_children(org, child_table, child, source=source)
        else:
            deletion.emptied.append((relationship.object, child_id, relationship.field))
            org.set_quietly(child_table, child, {relationship.field: None})
    if deletion.children or deletion.emptied:
        org.deletions[row["Id"]] = deletion
    else:
        org.deletions.pop(row["Id"], None)


def undelete_with_children(org: "Org", table: Table, row: Row, *, source: str) -> None:
    """Bring a record back with the children and references that its deletion took; what changed since stays.

    Raises
    ------
    RecordRefused
        `UNDELETE_FAILED` when it is not in the recycle bin or what it belongs to is deleted, `DUPLICATE_VALUE` when
        another record has taken a unique value.
    """
    if not row["IsDeleted"]:
        raise RecordRefused(RecordProblem("UNDELETE_FAILED", "Entity is not in the recycle bin"))
    for name in _references_to_deleted(org, table, row):
        if _belongs(org, table, row, name):
            message = f"Entity is not undeletable: the record in {name} is deleted"
            raise RecordRefused(RecordProblem("UNDELETE_FAILED", message, [name]))
        org.set_quietly(table, row, {name: None})
    check_unique(table, {name: value for name, value in row.items() if name in table.object_type.fields}, row["Id"])
    org.unmark_deleted(table, row, source=source)
    deletion = org.deletions.get(row["Id"], Deletion())
    for object_name, child_id in deletion.children:
        child = org.tables[object_name].rows.get(child_id)
        if child is not None and child["IsDeleted"]:
            undelete_with_children(org, org.tables[object_name], child, source=source)
    for object_name, child_id, name in deletion.emptied:
        child = org.tables[object_name].rows.get(child_id)
        if child is not None and not child["IsDeleted"] and child.get(name) is None:
            org.set_quietly(org.tables[object_name], child, {name: row["Id"]})


def purge_with_children(org: "Org", object_name: str, row_id: str) -> None:
    """Remove a deleted record from the recycle bin for good, with the children that its deletion took.

    Only the log of deletions still knows of them.
    """
    deletion = org.deletions.pop(row_id, Deletion())
    table = org.tables[object_name]
    row = table.rows.get(row_id)
    if row is not None and row["IsDeleted"]:
        table.remove(row)
        org.purged.setdefault(object_name, []).append(row)
    for child_object, child_id in deletion.children:
        purge_with_children(org, child_object, child_id)


def _references_to_deleted(org: "Org", table: Table, row: Row) -> list[str]:
    """Names of the fields that point to a record in the recycle bin; a person's account points to its own child."""
    return [
        name
        for name, reference in table.object_type.fields.items()
        if reference.type == "reference"
        and name not in ("MasterRecordId", "PersonContactId")
        and (parent_id := row.get(name)) is not None
        and any(org.tables[each].rows.get(parent_id, {}).get("IsDeleted") for each in _targets(org, reference))
    ]


def _belongs(org: "Org", table: Table, row: Row, name: str) -> bool:
    """Whether the record goes with what this field points to."""
    return any(
        child.cascades and child.object == table.object_type.name and child.field == name
        for target in _targets(org, table.object_type.fields[name])
        if row[name] in org.tables[target].rows
        for child in org.schema[target].child_relationships
    )


def _targets(org: "Org", reference: Field) -> list[str]:
    return [name for name in reference.references if name in org.tables]


def _restricts(relationship: ChildRelationship, child: Row) -> bool:
    """Contracts go along with their account unless they are activated; other restrictions always hold."""
    if relationship.cascades and relationship.restricts:
        return bool(child.get("Status") == "Activated")
    return relationship.restricts


def _refusal(row: Row, child_table: Table, child_id: str) -> RecordRefused:
    child, plural = child_table.rows[child_id], child_table.object_type.label_plural.lower()
    shown = child.get("CaseNumber") or child.get("ContractNumber") or child.get("Name") or child_id
    message = (
        f"Your attempt to delete {row.get('Name', row['Id'])} could not be completed because it is associated with the "
        f"following {plural}.: {shown}\n"
    )
    return RecordRefused(RecordProblem("DELETE_FAILED", message))
