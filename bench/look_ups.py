"""Salesforce API calls for looking up 1,000 unknown users by two rules, and by telephone number in all written forms.

Beside it, what one query each would cost.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.users import a_user
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.settings import ClientCredentials, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.domain.match_rule import MatchPart, MatchRule
from crosswalk.domain.place import Place
from crosswalk.domain.values import Owner, ValueType
from crosswalk.matching.look_ups import look_ups
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk_sandbox.process import SandboxProcess

USERS = 1_000
MOST_CALLS = 10

_PLACE = Place("bench", 1)
_AT = StateVersion("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z")
_BY_ID = MatchRule("external_id", (MatchPart(("Auth0_User_Id__c",), "user.user_id", ValueType.TEXT),), _PLACE)
_BY_EMAIL = MatchRule(
    "verified_email", (MatchPart(("Email",), "user.email", ValueType.EMAIL),), _PLACE, "user.email_verified"
)
_BY_PHONE = MatchRule(
    "phone", (MatchPart(("MobilePhone", "Phone"), "user.phone_number", ValueType.PHONE),), _PLACE, "user.phone_verified"
)


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure against a sandbox org that knows none of the users."""
    with SandboxProcess(folder) as sandbox:
        sandbox.reset()
        two = asyncio.run(_calls(sandbox, (_BY_ID, _BY_EMAIL)))
        phone = asyncio.run(_calls(sandbox, (_BY_ID, _BY_EMAIL, _BY_PHONE)))
    if two > MOST_CALLS:
        raise AssertionError(f"{two} calls for two rules, expected at most {MOST_CALLS}")
    report(
        f"Salesforce calls for looking up {USERS:,} unknown users: {two} by external id and e-mail "
        f"(target {MOST_CALLS}), {phone} with telephone numbers in two fields too; one query each: {2 * USERS:,}"
    )
    return {"look_up_calls_per_1000_two_rules": two, "look_up_calls_per_1000_with_phone": phone}


async def _calls(sandbox: SandboxProcess, rules: Sequence[MatchRule]) -> int:
    org = sandbox.access.salesforce
    field = FieldMap("LastName", "user.family_name", Owner.AUTH0, ValueType.TEXT, _PLACE)
    target = Target("Contact", True, "Auth0_User_Id__c", (field,), tuple(rules), _PLACE)
    names = (SyncName("bench"), TenantName("t"), OrgName("o"))
    compiled = CompiledSync(SyncDefinition(*names, (target,), None, None, 1, 150), default_region="US")
    users = [a_user(number) for number in range(USERS)]
    evaluations = compiled.evaluate(
        [Identity(UserId(str(user["user_id"])), json.dumps(user).encode(), _AT) for user in users]
    )
    wanted = look_ups(evaluations, compiled.rules, {"Contact": tracked_fields(target)}, {})
    credentials = ClientCredentials(org.client_id, Secret(org.client_secret))
    settings = SalesforceSettings(login_url=org.instance_url, credentials=credentials, ca_file=sandbox.access.ca_file)
    async with SalesforceClient(settings) as client:
        found = await client.look_up(list(wanted.values()))
        if any(found):
            raise AssertionError("the org was expected to know none of the users")
        return client.calls
