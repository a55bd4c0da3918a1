"""Calls that were carried out and whose answer was lost: done again they change nothing, or they are not done again."""

import httpx
import pytest

from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.base import Done, Rejected, RetryLater, UserWritten, Written
from crosswalk.connectors.errors import Unreachable
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.ids import UserId
from crosswalk.domain.place import Place
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.user_writes import RoleChange, UserCreate
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk_sandbox.process import SandboxProcess

CONNECTION = "Username-Password-Authentication"
EVENT_FIELDS = [{"name": "User__c", "type": "string"}]


def lose_answers(sandbox: SandboxProcess, vendor: str, *methods: str) -> None:
    """Carry the next call of each of these methods out, and break its connection."""
    sandbox.fault_rules(
        [
            {
                "name": method,
                "vendor": vendor,
                "match": {"methods": [method], "operations": ["write"], "successful": True},
                "when": {"next": 1},
                "effect": {"kind": "drop", "at": "after-write"},
            }
            for method in methods
        ]
    )


def lost(sandbox: SandboxProcess) -> list[str]:
    return [each["rule"] for each in sandbox.fault_log()]


async def test_a_user_whose_creation_was_not_answered_is_found_and_not_made_twice(
    tenant: Auth0Client, sandbox: SandboxProcess
) -> None:
    lose_answers(sandbox, "auth0", "POST")

    made = await tenant.create_user(UserCreate("ada@example.com", CONNECTION, {"given_name": "Ada"}))
    again = await tenant.create_user(UserCreate("ada@example.com", CONNECTION))

    assert lost(sandbox) == ["POST"]
    assert isinstance(made, UserWritten)
    assert isinstance(again, UserWritten)
    assert made.identity.user_id == again.identity.user_id
    assert len(await tenant.find_users_by_email("ada@example.com")) == 1


async def test_a_role_is_granted_and_revoked_once_though_the_answers_were_lost(
    tenant: Auth0Client, sandbox: SandboxProcess
) -> None:
    management = await tenant.management()
    await management.roles.create(name="customer")
    made = await tenant.create_user(UserCreate("ada@example.com", CONNECTION))
    assert isinstance(made, UserWritten)
    ada: UserId = made.identity.user_id
    lose_answers(sandbox, "auth0", "POST", "DELETE")

    granted = await tenant.change_role(RoleChange(ada, "customer"))
    held = [role.name async for role in await management.users.roles.list(id=ada)]
    revoked = await tenant.change_role(RoleChange(ada, "customer", granted=False))
    left = [role.name async for role in await management.users.roles.list(id=ada)]

    assert lost(sandbox) == ["POST", "DELETE"]
    assert isinstance(granted, Done)
    assert isinstance(revoked, Done)
    assert (held, left) == (["customer"], [])


async def test_a_task_whose_deletion_was_not_answered_counts_as_deleted(
    org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    field = FieldWrite("LastName", None, "Ito", Reason.CREATED, Place("crosswalk.yaml", 1))
    company = FieldWrite("Company", None, "Acme", Reason.CREATED, Place("crosswalk.yaml", 2))
    key = ("Auth0_User_Id__c", "auth0|1")
    [made] = await org.write([RecordWrite(Action.CREATE, "Lead", None, key, (field, company))])
    assert isinstance(made, Written)
    lose_answers(sandbox, "salesforce", "DELETE")

    first = await org.delete_record(RecordDelete("Lead", key))
    second = await org.delete_record(RecordDelete("Lead", key))

    assert isinstance(first, RetryLater)
    assert first.code == "UNREACHABLE"
    assert second == Done("auth0|1")


async def test_an_event_that_may_have_been_published_is_not_published_again_by_itself(
    org: SalesforceClient, sandbox: SandboxProcess
) -> None:
    sandbox.administer("platform-events", name="Left__e", fields=EVENT_FIELDS)
    lose_answers(sandbox, "salesforce", "POST")

    result = await org.publish_event(EventPublish("Left__e", {"User__c": "auth0|1"}))

    assert isinstance(result, Rejected)
    assert result.code == "OUTCOME_UNKNOWN"
    assert "Left__e may have been published, or not" in result.message


@pytest.mark.parametrize(
    ("cause", "may_be_done"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout(""), False),
        (httpx.PoolTimeout(""), False),
        (httpx.ReadTimeout(""), True),
        (httpx.RemoteProtocolError("server disconnected"), True),
        (None, True),
    ],
)
def test_what_was_never_sent_cannot_have_been_done(cause: Exception | None, may_be_done: bool) -> None:
    error = Unreachable("acme.my.salesforce.com", "POST sobjects/Left__e", "no answer")
    error.__cause__ = cause

    assert error.may_be_done is may_be_done
