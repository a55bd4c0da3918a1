"""Merging records of one object, as a person does in the CRM or a client over SOAP."""

from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.recycle_bin import delete_with_children
from crosswalk_sandbox.salesforce.table import Row, Table

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

_MOST_LOSERS = 2


def merge_records(
    org: "Org", object: str, master_id: str, loser_ids: list[str], fields: dict[str, Any], *, source: str
) -> list[str]:
    """Merge up to two records into a third.

    All that points to the losers then points to the master; the losers are deleted with `MasterRecordId`, and the
    master gets the fields that were chosen. They may hold unique values of the losers, as the losers go first.

    Parameters
    ----------
    org
        The org.
    object
        Account, Contact, Lead or Individual.
    master_id, loser_ids
        Who stays and who goes.
    fields
        New values of the master.
    source
        Who asked, for the write log.

    Returns
    -------
    list[str]
        Ids of the records that got another parent.

    Raises
    ------
    RecordRefused
        When the records cannot be merged, or the fields break a rule.
    """
    table = org.tables[object]
    if not table.object_type.allows("mergeable"):
        raise RecordRefused(RecordProblem("INVALID_TYPE_FOR_OPERATION", f"entity type cannot be merged: {object}"))
    losers = [to_id18(each) or each for each in loser_ids]
    if not 1 <= len(losers) <= _MOST_LOSERS or len({*losers, to_id18(master_id)}) != len(losers) + 1:
        message = "merge needs a master and one or two other records, all different"
        raise RecordRefused(RecordProblem("INVALID_ID_FIELD", message, ["Id"]))
    with org.all_or_none():
        master = org.writable_row(table, master_id, source)
        rows = [org.writable_row(table, each, source) for each in losers]
        if len({row.get("IsPersonAccount") for row in (master, *rows)}) > 1:
            message = "person accounts and business accounts cannot be merged with each other"
            raise RecordRefused(RecordProblem("INVALID_PERSON_ACCOUNT_OPERATION", message))
        moved = [each for row in rows for each in _merge_people(org, row, master, source)]
        moved += [each for row in rows for each in _move_children(org, table, row, master)]
        for row in rows:
            delete_with_children(org, table, row, source=source, values={"MasterRecordId": master["Id"]})
        org.update(object, master["Id"], fields, source=source)
    return moved


def _merge_people(org: "Org", loser: Row, master: Row, source: str) -> list[str]:
    """Merge the contact of one person account into that of another; nothing for other records."""
    contacts = org.tables["Contact"]
    if loser.get("PersonContactId") is None:
        return []
    contact, survivor = (contacts.rows[row["PersonContactId"]] for row in (loser, master))
    moved = _move_children(org, contacts, contact, survivor)
    delete_with_children(org, contacts, contact, source=source, values={"MasterRecordId": survivor["Id"]})
    return moved


def _move_children(org: "Org", table: Table, loser: Row, master: Row) -> list[str]:
    moved = []
    for relationship in table.object_type.child_relationships:
        child_table = org.tables.get(relationship.object)
        if child_table is None or not child_table.is_indexed(relationship.field):
            continue
        for child_id in child_table.find(relationship.field, loser["Id"]):
            org.set_touched(child_table, child_table.rows[child_id], {relationship.field: master["Id"]})
            moved.append(child_id)
    return moved
