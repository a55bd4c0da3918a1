"""What an administrator does in an org's setup, and what a new org has in it."""

from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.salesforce.catalog import add_person_field, enable_person_accounts
from crosswalk_sandbox.salesforce.custom_schema import (
    CustomField,
    CustomObject,
    child_entry,
    describe_field,
    make_object,
)
from crosswalk_sandbox.salesforce.ids import make_id
from crosswalk_sandbox.salesforce.person_accounts import person_fields
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.table import Row, Table
from crosswalk_sandbox.salesforce.times import format_stamp

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

_INDEXED_OF_PEOPLE = ("PersonEmail", "PersonContactId", "PersonIndividualId")


class Setup:
    """The administrator of one org.

    Parameters
    ----------
    org
        The org.
    """

    def __init__(self, org: "Org") -> None:
        self._org = org
        self._access: dict[str, dict[str, tuple[list[str], list[str]]]] = {}
        self._seen: dict[str, dict[str, ObjectType]] = {}

    def objects_seen_by(self, user_id: str) -> dict[str, ObjectType]:
        """All objects, with the fields that a user sees and as that user may write them."""
        if user_id not in self._access:
            return self._org.schema
        if user_id not in self._seen:
            schema, access = self._org.schema, self._access[user_id]
            limited = {name: schema[name].seen_with(hidden=h, read_only=r) for name, (h, r) in access.items()}
            self._seen[user_id] = {**schema, **limited}
        return self._seen[user_id]

    def add_field(self, object: str, describe_field: dict[str, Any]) -> None:
        """Add a field by its describe entry; what the entry leaves out takes the object's defaults."""
        org = self._org
        object_type = org.schema[object]
        object_type.add_field(describe_field)
        field = object_type.fields[describe_field["name"]]
        org.tables[object].index_field(field)
        if field.type == "boolean":
            for row in org.tables[object].rows.values():
                row.setdefault(field.name, False)
        if object == "Contact" and org.person_accounts:
            add_person_field(org.schema["Account"], object_type.field_describe(field.name))
            org.person_fields = person_fields(org.schema["Account"], object_type)
        self._seen.clear()

    def define_field(self, object: str, field: CustomField) -> None:
        """Add a custom field, and its relationship to the object that it refers to.

        Raises
        ------
        ValueError
            When the org lacks one of the objects.
        """
        schema = self._org.schema
        for name in (object, field.reference_to or object):
            if name not in schema:
                raise ValueError(f"expected an object of the org, found {name!r}")
        self.add_field(object, describe_field(field))
        if field.reference_to is not None:
            schema[field.reference_to].add_child(child_entry(object, field))
            self._seen.clear()

    def define_object(self, order: CustomObject) -> None:
        """Add a custom object with its fields; ValueError when the org has one of this name."""
        org = self._org
        if order.name in org.schema:
            raise ValueError(f"expected the name of a new object, found {order.name!r}, which the org has")
        number = sum(name.endswith("__c") for name in org.schema)
        object_type = make_object(order, number, org.schema["DataUsePurpose"])
        org.schema[order.name] = object_type
        self._seen.clear()
        org.tables[order.name] = Table(object_type)
        for field in order.fields:
            self.define_field(order.name, field)

    def switch_on_person_accounts(self) -> None:
        """Let accounts be people; those that are there stay businesses."""
        org = self._org
        if org.person_accounts:
            return
        enable_person_accounts(org.schema)
        org.person_accounts = True
        account = org.schema["Account"]
        org.person_fields = person_fields(account, org.schema["Contact"])
        for name in _INDEXED_OF_PEOPLE:
            org.tables["Account"].index_field(account.fields[name], always=True)
        flags = [name for name, field in account.fields.items() if field.type == "boolean"]
        for row in org.tables["Account"].rows.values():
            row.update({name: False for name in flags if name not in row})
        for row in org.tables["Contact"].rows.values():
            row.setdefault("IsPersonAccount", False)
        self._seen.clear()

    def restrict_fields(
        self, object: str, *, hidden: list[str], read_only: list[str], username: str | None = None
    ) -> None:
        """Set which fields of an object a user does not see, and which it may not write.

        Parameters
        ----------
        object
            The object.
        hidden, read_only
            Its fields; both empty give the user everything again.
        username
            Whose access; the integration user's when None.

        Raises
        ------
        ValueError
            For unknown objects, fields and users, and for required fields, which cannot be hidden.
        """
        org = self._org
        if object not in org.schema:
            raise ValueError(f"expected an object of the org, found {object!r}")
        full = org.schema[object]
        wrong = {*hidden, *read_only} - set(full.fields)
        wrong |= {name for name in hidden if name in full.fields and full.fields[name].is_required}
        if wrong:
            raise ValueError(f"expected fields of {object} that are not required, found {', '.join(sorted(wrong))}")
        user = org.oauth.users.find(username or org.username)
        if user is None:
            raise ValueError(f"expected the name of a user of the org, found {username!r}")
        access = self._access.setdefault(user["Id"], {})
        access.pop(object, None)
        if hidden or read_only:
            access[object] = (hidden, read_only)
        self._seen.clear()


def furnish(org: "Org") -> None:
    """Give a new org its profiles, a permission set, and the user behind the API, whose id the org has chosen."""
    profiles = [
        _add(org, "Profile", {"Name": name, "UserType": "Standard", "PermissionsApiEnabled": True})
        for name in ("System Administrator", "Standard User", "Minimum Access - API Only Integrations")
    ]
    labels = {"Name": "Identity_Integration", "Label": "Identity Integration"}
    _add(org, "PermissionSet", {**labels, "IsCustom": True, "PermissionsApiEnabled": True})
    username = org.username
    names = {"FirstName": "Integration", "LastName": "User", "Name": "Integration User", "Alias": "integ"}
    locale = {
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }
    keys = {"Username": username, "Email": username, "CommunityNickname": "integration", "ProfileId": profiles[2]}
    _add(org, "User", {**names, **locale, **keys, "UserType": "Standard"})


def _add(org: "Org", object: str, values: Row) -> str:
    """Add a row that comes with the org, past every rule and log."""
    table = org.tables[object]
    table.last_number += 1
    row_id = make_id(table.object_type.key_prefix, table.last_number)
    stamp = format_stamp(org.clock())
    stamps = {"CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp}
    stamps |= {"CreatedById": org.user_id, "LastModifiedById": org.user_id}
    table.put({**table.object_type.row_defaults, "Id": row_id, "IsDeleted": False, **values, **stamps})
    return row_id
