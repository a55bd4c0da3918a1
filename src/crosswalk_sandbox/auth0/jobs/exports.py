"""Exports of users: lines of JSON or CSV, packed with gzip."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from crosswalk_sandbox.auth0.jobs.store import Job
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.tenant import Tenant

MOST_CSV_FIELDS = 30
DEFAULT_FIELDS = (
    "user_id",
    "email",
    "email_verified",
    "name",
    "nickname",
    "given_name",
    "family_name",
    "picture",
    "phone_number",
    "phone_verified",
    "username",
    "created_at",
    "updated_at",
    "last_login",
    "last_ip",
    "logins_count",
    "blocked",
    "identities",
)
DATE_SHAPE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
MEANING = "List of fields to be included in the CSV"
Field = tuple[str, str]


def checked_fields(listed: list[Any], file_format: str) -> list[Field]:
    """Return name and heading of each column of an export, or raise the vendor's 400."""
    fields: list[Field] = []
    for item in listed:
        if (
            not isinstance(item, dict)
            or not isinstance(item.get("name"), str)
            or not set(item) <= {"name", "export_as"}
        ):
            raise invalid_property("Missing required property: name", "fields", MEANING)
        if file_format == "csv" and item["name"] in {"app_metadata", "user_metadata"}:
            raise Problem(400, f"{item['name']} cannot be exported as a whole in CSV; name its fields", "invalid_body")
        fields.append((item["name"], item.get("export_as") or item["name"]))
    if file_format == "csv" and len(fields) > MOST_CSV_FIELDS:
        raise invalid_body(f"Array is too long ({len(fields)}), maximum {MOST_CSV_FIELDS}")
    if not fields:
        names = [name for name in DEFAULT_FIELDS if file_format == "json" or name != "identities"]
        fields = [(name, name) for name in names]
    return fields


def export_users(
    tenant: Tenant, job: Job, connection: str, file_format: str, fields: list[Field], limit: int | None
) -> Iterator[None]:
    """Write the users of a connection, or with an empty name all users, into the job's file."""
    with tenant.lock:
        users = [one for one in tenant.users if not connection or one["identities"][0]["connection"] == connection]
    users = users if limit is None else users[:limit]
    job.total = len(users)
    lines = [",".join(quoted(heading) for _, heading in fields)] if file_format == "csv" else []
    for document in users:
        values = {heading: value_at(document, name) for name, heading in fields}
        if file_format == "csv":
            lines.append(",".join(cell(value) for value in values.values()))
        else:
            present = {heading: value for heading, value in values.items() if value is not None}
            lines.append(msgspec.json.encode(present).decode())
        job.done += 1
        if job.done % 100 == 0:
            yield
    job.result = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
    yield


def value_at(document: Any, path: str) -> Any:
    """Return the value at a path like ``identities[0].connection``, or None."""
    found = document
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if name:
            found = found.get(name) if isinstance(found, dict) else None
        else:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
    return found


def cell(value: Any) -> str:
    """Return a value as CSV; texts but dates begin with an apostrophe, so that no spreadsheet runs them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if DATE_SHAPE.match(text) else quoted(f"'{text}")


def quoted(text: str) -> str:
    """Return a text in double quotes, with those inside it doubled."""
    return '"' + text.replace('"', '""') + '"'
