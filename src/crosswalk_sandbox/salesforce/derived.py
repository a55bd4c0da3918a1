"""Fields that the vendor computes when a record is saved, and the rules that only one object has.

Each rule sees the record as it will be and the names of the fields that a client gave; it returns what else changes.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.table import Row, Table
from crosswalk_sandbox.salesforce.times import format_time

Tables = Mapping[str, Table]
Rule = Callable[[Row, Collection[str], Tables], Row]

_STAGES = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Pipeline"),
    "Proposal/Price Quote": (75, "Pipeline"),
    "Negotiation/Review": (90, "Pipeline"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
"""Probability in percent, and forecast category, as in a new org."""


def derive(object: str, row: Row, given: Collection[str], tables: Tables) -> Row:
    """Further values of a record that is being saved.

    Parameters
    ----------
    object
        The record's object.
    row
        The record as it will be, time stamps included.
    given
        Names of the fields that this write gives values.
    tables
        The org's rows.

    Raises
    ------
    RecordRefused
        When the record breaks a rule of its object.
    """
    rule = _RULES.get(object)
    return rule(row, given, tables) if rule is not None else {}


def has_rules(object: str) -> bool:
    """Whether `derive` does anything for this object."""
    return object in _RULES


def full_name(row: Row) -> str:
    """First and last name as `Name` shows them."""
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)


def _opportunity(row: Row, given: Collection[str], _tables: Tables) -> Row:
    values: Row = {}
    if "StageName" in given:
        probability, category = _STAGES.get(row["StageName"], (None, "Pipeline"))
        values["IsClosed"] = row["StageName"] in ("Closed Won", "Closed Lost")
        values["IsWon"] = row["StageName"] == "Closed Won"
        values["ForecastCategory"] = values["ForecastCategoryName"] = category
        values["LastStageChangeDate"] = row["SystemModstamp"]
        if "Probability" not in given:
            values["Probability"] = probability
    new = {**row, **values}
    if new.get("Amount") is not None and new.get("Probability") is not None:
        values["ExpectedRevenue"] = round(new["Amount"] * new["Probability"] / 100, 2)
    close = date.fromisoformat(row["CloseDate"])
    quarter = (close.month + 2) // 3
    return {**values, "FiscalQuarter": quarter, "FiscalYear": close.year, "Fiscal": f"{close.year} {quarter}"}


def _case(row: Row, given: Collection[str], tables: Tables) -> Row:
    values: Row = {}
    if "CaseNumber" not in row:
        values["CaseNumber"] = f"{1000 + tables['Case'].last_number:08d}"
    is_closed = row.get("Status") == "Closed"
    if is_closed != row.get("IsClosed"):
        values |= {"IsClosed": is_closed, "ClosedDate": row["SystemModstamp"] if is_closed else None}
    if "ContactId" in given:
        contact = tables["Contact"].rows.get(row["ContactId"] or "", {})
        parts = {"ContactPhone": "Phone", "ContactMobile": "MobilePhone", "ContactEmail": "Email", "ContactFax": "Fax"}
        values |= {name: contact.get(source) for name, source in parts.items()}
        if row.get("AccountId") is None and contact.get("AccountId") is not None:
            values["AccountId"] = contact["AccountId"]
    return values


def _task(row: Row, given: Collection[str], tables: Tables) -> Row:
    is_closed = row.get("Status") == "Completed"
    values: Row = {"IsClosed": is_closed, "IsHighPriority": row.get("Priority") == "High"}
    if is_closed != row.get("IsClosed"):
        values["CompletedDateTime"] = row["SystemModstamp"] if is_closed else None
    return {**values, **_activity_account(row, given, tables)}


def _event(row: Row, given: Collection[str], tables: Tables) -> Row:
    start = row.get("StartDateTime") or row.get("ActivityDateTime")
    if "ActivityDateTime" in given and "StartDateTime" not in given:
        start = row["ActivityDateTime"]
    day = row.get("ActivityDate")
    if start is None and (day is None or not row.get("IsAllDayEvent")):
        raise _missing("StartDateTime")
    moment = datetime.fromisoformat(start or f"{day}T00:00:00.000+0000")
    minutes, end = row.get("DurationInMinutes"), row.get("EndDateTime")
    if end is not None and ("EndDateTime" in given or minutes is None):
        minutes = int((datetime.fromisoformat(end) - moment).total_seconds() // 60)
    elif row.get("IsAllDayEvent") and minutes is None:
        minutes = 1440
    if minutes is None:
        raise _missing("DurationInMinutes")
    if minutes < 0:
        message = "Event duration can not be negative"
        raise RecordRefused(RecordProblem("FIELD_INTEGRITY_EXCEPTION", message, ["DurationInMinutes"]))
    finish = moment + timedelta(minutes=minutes)
    times = {"ActivityDateTime": format_time(moment), "StartDateTime": format_time(moment)}
    days = {"ActivityDate": moment.date().isoformat(), "EndDate": finish.date().isoformat()}
    values = {**times, **days, "EndDateTime": format_time(finish), "DurationInMinutes": minutes}
    return {**values, "EventSubtype": row.get("EventSubtype") or "Event", **_activity_account(row, given, tables)}


def _activity_account(row: Row, given: Collection[str], tables: Tables) -> Row:
    """An activity belongs to the account of what it is about, else of whom it is with."""
    if "WhatId" not in given and "WhoId" not in given:
        return {}
    what, who = row.get("WhatId") or "", row.get("WhoId") or ""
    if what in tables["Account"].rows:
        return {"AccountId": what}
    found = next((table.rows[what] for table in tables.values() if what in table.rows), {})
    return {"AccountId": found.get("AccountId") or tables["Contact"].rows.get(who, {}).get("AccountId")}


def _campaign_member(row: Row, given: Collection[str], tables: Tables) -> Row:
    key = "ContactId" if row.get("ContactId") else "LeadId"
    if row.get(key) is None:
        raise _missing("LeadId")
    members = tables["CampaignMember"]
    for row_id in members.find(key, row[key]):
        if row_id != row["Id"] and members.rows[row_id]["CampaignId"] == row["CampaignId"]:
            raise RecordRefused(RecordProblem("DUPLICATE_VALUE", "Already a campaign member.", ["CampaignId", key]))
    person = tables[key.removesuffix("Id")].rows[row[key]]
    account = tables["Account"].rows.get(person.get("AccountId") or "", {})
    names = {name: person.get(name) for name in ("Name", "FirstName", "LastName", "Email")}
    values = {**names, "Type": key.removesuffix("Id"), "CompanyOrAccount": person.get("Company") or account.get("Name")}
    has_responded = row.get("Status") == "Responded"
    if has_responded and row.get("FirstRespondedDate") is None:
        values["FirstRespondedDate"] = row["SystemModstamp"][:10]
    return {**values, "HasResponded": has_responded}


def _line_item(row: Row, given: Collection[str], tables: Tables) -> Row:
    if row.get("Product2Id") is None:
        raise _missing("Product2Id")
    if row.get("UnitPrice") is None and row.get("TotalPrice") is None:
        raise _missing("UnitPrice")
    product = tables["Product2"].rows[row["Product2Id"]]
    opportunity = tables["Opportunity"].rows[row["OpportunityId"]]
    name = f"{opportunity['Name']} {product['Name']}"
    values = {"ProductCode": product.get("ProductCode"), "Name": name}
    if "TotalPrice" in given and "UnitPrice" not in given:
        return {**values, "UnitPrice": row["TotalPrice"] / row["Quantity"] if row["Quantity"] else 0.0}
    total = row["UnitPrice"] * row["Quantity"] * (100 - (row.get("Discount") or 0)) / 100
    return {**values, "TotalPrice": round(total, 2)}


def _contract(row: Row, _given: Collection[str], tables: Tables) -> Row:
    values: Row = {}
    if "ContractNumber" not in row:
        values["ContractNumber"] = f"{100 + tables['Contract'].last_number:08d}"
    if row.get("StartDate") and row.get("ContractTerm"):
        start = date.fromisoformat(row["StartDate"])
        months = start.year * 12 + start.month - 1 + row["ContractTerm"]
        first = date(months // 12, months % 12 + 1, 1)
        following = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
        day = min(start.day, (following - first).days)
        values["EndDate"] = (first.replace(day=day) - timedelta(days=1)).isoformat()
    codes = {"In Approval Process": "InApproval", "Activated": "Activated"}
    return {**values, "StatusCode": codes.get(row["Status"], "Draft")}


def _asset(row: Row, _given: Collection[str], tables: Tables) -> Row:
    if row.get("AccountId") is None and row.get("ContactId") is None:
        message = "Every asset needs an account, a contact, or both."
        raise RecordRefused(RecordProblem("FIELD_INTEGRITY_EXCEPTION", message, ["AccountId", "ContactId"]))
    parent = tables["Asset"].rows.get(row.get("ParentId") or "", {})
    return {"RootAssetId": parent.get("RootAssetId") or row["Id"]}


def _user(row: Row, given: Collection[str], tables: Tables) -> Row:
    username = row["Username"]
    if "@" not in username:
        message = f"Username: invalid email address: {username}"
        raise RecordRefused(RecordProblem("INVALID_EMAIL_ADDRESS", message, ["Username"]))
    if any(row_id != row["Id"] for row_id in tables["User"].find("Username", username)):
        message = (
            "Duplicate Username. The username already exists in this or another Salesforce organization. "
            "Usernames must be unique across all Salesforce organizations. "
            "To resolve, use a different username (it doesn't need to match the user's email address)."
        )
        raise RecordRefused(RecordProblem("DUPLICATE_USERNAME", message, ["Username"]))
    values: Row = {"UserType": "PowerCustomerSuccess" if row.get("ContactId") else "Standard"}
    if row.get("CommunityNickname") is None:
        values["CommunityNickname"] = username.split("@")[0][:40]
    if "ContactId" in given:
        values["AccountId"] = tables["Contact"].rows.get(row["ContactId"] or "", {}).get("AccountId")
    return values


def _assignment(row: Row, _given: Collection[str], tables: Tables) -> Row:
    table = tables["PermissionSetAssignment"]
    for row_id in table.find("PermissionSetId", row["PermissionSetId"]):
        if row_id != row["Id"] and table.rows[row_id]["AssigneeId"] == row["AssigneeId"]:
            message = f"duplicate value found: PermissionSetId duplicates value on record with id: {row_id}"
            raise RecordRefused(RecordProblem("DUPLICATE_VALUE", message))
    return {}


def _contact_point(row: Row, _given: Collection[str], _tables: Tables) -> Row:
    mailbox, _, domain = row["EmailAddress"].rpartition("@")
    return {"Name": row["EmailAddress"], "EmailMailBox": mailbox, "EmailDomain": domain}


def _missing(name: str) -> RecordRefused:
    message = f"Required fields are missing: [{name}]"
    return RecordRefused(RecordProblem("REQUIRED_FIELD_MISSING", message, [name]))


_RULES: dict[str, Rule] = {
    "Opportunity": _opportunity,
    "Case": _case,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _campaign_member,
    "OpportunityLineItem": _line_item,
    "Contract": _contract,
    "Asset": _asset,
    "User": _user,
    "PermissionSetAssignment": _assignment,
    "ContactPointEmail": _contact_point,
}
