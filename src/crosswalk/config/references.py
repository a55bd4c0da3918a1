"""Checks what the sections say about one another: names that must exist, and things that must be said once."""

from crosswalk.config.document import Value
from crosswalk.config.findings import Findings, value_at
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath
from crosswalk.config.written import WrittenTarget, written_syncs


def check_references(tree: Value, findings: Findings) -> None:
    """Check that named tenants and orgs exist, and that no object or field has two definitions in one sync."""
    for sync in written_syncs(tree):
        _check_name(sync.tenant, (*sync.path, "tenant"), "tenants", tree, findings)
        _check_name(sync.org, (*sync.path, "org"), "orgs", tree, findings)
        first: dict[str, WrittenTarget] = {}
        for target in sync.targets:
            earlier = first.setdefault(target.object.lower(), target)
            if earlier is not target:
                message = f"{target.object} is a target twice; {findings.place(earlier.path)} has it already"
                findings.add((*target.path, "object"), message, "each object once in a sync")
            _check_owners(target, findings)


def _check_name(name: str | None, path: KeyPath, section: str, tree: Value, findings: Findings) -> None:
    written = value_at(tree, (section,))
    if name is None or not isinstance(written, dict) or name in written:
        return
    message = f"there is no {path[-1]} {name} under {section}"
    findings.add_value(path, message, f"one of: {', '.join(written)}", nearest_name(name, written))


def _check_owners(target: WrittenTarget, findings: Findings) -> None:
    """Salesforce's names know no letter case, so `email` and `Email` are one field with two owners."""
    first: dict[str, KeyPath] = {}
    for field in target.fields:
        if target.external_id is not None and field.name.lower() == target.external_id.lower():
            message = f"{field.name} has two owners: it is the external id, which Crosswalk fills with the user's id"
            findings.add(field.path, message, "no mapping for the external-id field")
        earlier = first.setdefault(field.name.lower(), field.path)
        if earlier != field.path:
            message = f"{field.name} has two owners: {findings.place(earlier)} maps the same field as {earlier[-1]}"
            findings.add(field.path, message, "each field once")
