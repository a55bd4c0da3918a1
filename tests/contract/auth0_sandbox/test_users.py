from __future__ import annotations

from typing import Any

import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError

from crosswalk_sandbox.auth0 import Tenant

from .conftest import CONNECTION, ada

NO_RETRY: Any = {"max_retries": 0}


def test_a_created_user_comes_back_as_the_vendor_writes_it(auth0: ManagementClient) -> None:
    created = auth0.users.create(**ada(email="Ada@Example.com", user_metadata={"company": "Engines"}))

    user = auth0.users.get(created.user_id or "")
    assert user.email == "ada@example.com"
    assert user.email_verified is False
    assert user.given_name == "Ada"
    assert user.name == "ada@example.com"
    assert user.nickname == "ada"
    assert user.user_metadata == {"company": "Engines"}
    assert user.picture is not None and user.picture.startswith("https://s.gravatar.com/avatar/")
    assert user.identities is not None
    assert user.identities[0].connection == CONNECTION
    assert user.identities[0].provider == "auth0"
    assert user.identities[0].is_social is False
    assert user.user_id == f"auth0|{user.identities[0].user_id}"
    assert len(str(user.identities[0].user_id)) == 24
    assert user.created_at == user.updated_at


def test_an_update_merges_metadata_at_the_first_level(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada(app_metadata={"plan": "free", "crm": {"id": "1", "x": 2}})).user_id or ""

    updated = auth0.users.update(user_id, app_metadata={"plan": None, "crm": {"id": "2"}, "tier": 3}, blocked=True)

    assert updated.app_metadata == {"crm": {"id": "2"}, "tier": 3}
    assert updated.blocked is True
    assert updated.updated_at is not None and updated.created_at is not None
    assert updated.updated_at > updated.created_at


def test_a_new_email_address_is_unverified_unless_told_otherwise(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada(email_verified=True)).user_id or ""

    assert auth0.users.update(user_id, email="ada@new.example").email_verified is False
    assert auth0.users.update(user_id, email="ada@newer.example", email_verified=True).email_verified is True


def test_null_removes_a_name(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""

    assert auth0.users.update(user_id, given_name=None).given_name is None


def test_a_deleted_user_does_not_exist(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""

    auth0.users.delete(user_id)

    with pytest.raises(NotFoundError) as error:
        auth0.users.get(user_id)
    assert error.value.body == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The user does not exist.",
        "errorCode": "inexistent_user",
    }


def test_two_users_cannot_share_an_email_address(auth0: ManagementClient) -> None:
    auth0.users.create(**ada())

    with pytest.raises(ConflictError) as error:
        auth0.users.create(**ada(email="ADA@example.com"), request_options=NO_RETRY)
    assert error.value.body["errorCode"] == "auth0_idp_error"
    assert error.value.body["message"] == "The user already exists."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"email": "not-an-address"},
            "Payload validation error: 'Object didn't pass validation for format email: not-an-address' "
            "on property email (The user's email).",
        ),
        (
            {"email_verified": "yes"},
            "Payload validation error: 'Expected type boolean but found type string' on property email_verified "
            "(Whether this email address is verified (true) or unverified (false)).",
        ),
        ({"connection": "nowhere"}, "The connection does not exist."),
        ({"password": "short"}, "PasswordStrengthError: Password is too weak"),
    ],
)
def test_an_invalid_user_is_refused_in_the_vendors_words(
    auth0: ManagementClient, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequestError) as error:
        auth0.users.create(**ada(**changes))
    assert error.value.body["statusCode"] == 400
    assert error.value.body["message"] == message


def test_email_and_password_cannot_change_together(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""

    with pytest.raises(BadRequestError) as error:
        auth0.users.update(user_id, email="ada@new.example", password="Analytical-Engine-2")
    assert error.value.body["message"] == "Cannot update password and email simultaneously"


def test_users_by_email_ignores_case(auth0: ManagementClient) -> None:
    user_id = auth0.users.create(**ada()).user_id

    assert [user.user_id for user in auth0.users.list_users_by_email(email="ADA@Example.COM")] == [user_id]
    assert list(auth0.users.list_users_by_email(email="nobody@example.com")) == []


async def test_the_async_client_sees_the_same_user(async_auth0: AsyncManagementClient, tenant: Tenant) -> None:
    user_id = tenant.create_user({"email": "grace@example.com"})["user_id"]

    user = await async_auth0.users.get(user_id)

    assert user.email == "grace@example.com"
