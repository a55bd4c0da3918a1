"""Identifiers that must not be mistaken for one another."""

from typing import NamedTuple, NewType

TenantName = NewType("TenantName", str)
"""The configured name of an Auth0 tenant."""

OrgName = NewType("OrgName", str)
"""The configured name of a Salesforce org."""

SyncName = NewType("SyncName", str)
"""The configured name of a tenant-org pair."""

UserId = NewType("UserId", str)
"""Auth0's `user_id`, for example `auth0|65f1c0ffee`."""

RecordId = NewType("RecordId", str)
"""Salesforce's 18-character record id."""


class Origin(NamedTuple):
    """Who told us something: a tenant or an org; the other name is empty."""

    tenant: TenantName = TenantName("")
    org: OrgName = OrgName("")

    def __str__(self) -> str:
        return f"tenant {self.tenant}" if self.tenant else f"org {self.org}"
