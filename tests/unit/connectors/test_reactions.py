"""Every error code that the vendors document for what the hub calls is classified once, with what to do about it."""

import httpx
import pytest

from crosswalk.connectors.auth0.errors import failure_of, refusal
from crosswalk.connectors.base import ConfigurationWrong, ConflictFound, Failure, LinkLost, Rejected, RetryLater
from crosswalk.connectors.errors import WITHHELD, CredentialsRefused, Unreachable
from crosswalk.connectors.reactions import (
    ANYTHING_ELSE,
    CODES,
    DELAYS_S,
    Reaction,
    Vendor,
    fix_for,
    reaction_to,
    row_of,
)

SALESFORCE = {
    Reaction.RETRY_ALONE: ["UNABLE_TO_LOCK_ROW"],
    Reaction.RETRY_SOON: ["INVALID_SESSION_ID"],
    Reaction.RETRY_WHEN_OUTAGE_ENDS: ["SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "HTTP_500", "HTTP_502", "HTTP_503"],
    Reaction.RETRY_WHEN_WINDOW_OPENS: ["REQUEST_LIMIT_EXCEEDED", "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS"],
    Reaction.CONFLICT: ["DUPLICATES_DETECTED", "DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID", "HTTP_300"],
    Reaction.LINK_LOST: ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"],
    Reaction.DEAD_LETTER: [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "CANNOT_UPDATE_CONVERTED_LEAD",
    ],
    Reaction.CONFIGURATION: ["INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE"],
    Reaction.PERMISSION: ["INSUFFICIENT_ACCESS_OR_READONLY", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"],
    Reaction.CREDENTIALS: ["invalid_grant"],
}
AUTH0 = {
    Reaction.RETRY_SOON: ["too_many_requests", "invalid_token", "http_500", "http_503"],
    Reaction.CONFLICT: ["auth0_idp_error", "identity_conflict"],
    Reaction.LINK_LOST: ["inexistent_user", "inexistent_identity"],
    Reaction.DEAD_LETTER: ["invalid_body", "invalid_uri", "invalid_query_string", "operation_not_supported"],
    Reaction.CONFIGURATION: ["insufficient_scope", "inexistent_organization", "inexistent_connection"],
    Reaction.CREDENTIALS: ["access_denied", "unauthorized_client", "invalid_client", "invalid_request"],
}


@pytest.mark.parametrize(
    ("code", "reaction"),
    [(code, reaction) for told in (SALESFORCE, AUTH0) for reaction, codes in told.items() for code in codes],
)
def test_each_code_is_classified_and_says_what_to_do(code: str, reaction: Reaction) -> None:
    assert reaction_to(code) is reaction
    assert fix_for(code).endswith(".")
    assert fix_for(code) != ANYTHING_ELSE


def test_what_the_hub_itself_holds_back_is_in_the_table() -> None:
    assert {code for code in WITHHELD if row_of(code) is None} == set()


def test_no_code_is_in_the_table_twice() -> None:
    codes = [row.code for row in CODES]

    assert sorted(codes) == sorted(set(codes))
    assert {row.vendor for row in CODES} == {Vendor.SALESFORCE, Vendor.AUTH0, Vendor.HUB}


def test_every_retry_says_how_long_to_wait() -> None:
    retries = {each for each in Reaction if each.value.startswith("retry")} | {Reaction.CREDENTIALS}

    assert DELAYS_S.keys() == retries


def test_a_code_that_nobody_wrote_down_needs_a_person() -> None:
    assert reaction_to("NEW_IN_SUMMER") is Reaction.DEAD_LETTER
    assert fix_for("NEW_IN_SUMMER") == ANYTHING_ELSE


@pytest.mark.parametrize(
    ("status", "code", "message", "failure"),
    [
        (400, "invalid_body", "Payload validation error", Rejected("invalid_body", "Payload validation error")),
        (
            400,
            "auth0_idp_error",
            "The specified new email already exists",
            ConflictFound("auth0_idp_error", "The specified new email already exists"),
        ),
        (400, "auth0_idp_error", "Password is too weak", Rejected("auth0_idp_error", "Password is too weak")),
        (
            409,
            "auth0_idp_error",
            "The user already exists.",
            ConflictFound("auth0_idp_error", "The user already exists."),
        ),
        (404, "inexistent_user", "no such user", LinkLost("inexistent_user", "no such user")),
        (
            404,
            "inexistent_organization",
            "no such organization",
            ConfigurationWrong("inexistent_organization", "no such organization"),
        ),
        (
            403,
            "insufficient_scope",
            "expected update:users",
            ConfigurationWrong(
                "insufficient_scope",
                "expected update:users (give the hub's application the scope for PATCH /api/v2/users/1)",
            ),
        ),
        (404, "new_in_summer", "gone", LinkLost("new_in_summer", "gone")),
        (409, "new_in_summer", "taken", ConflictFound("new_in_summer", "taken")),
        (429, "too_many_requests", "slow down", RetryLater("too_many_requests", "slow down", 2.0)),
        (503, "http_503", "away", RetryLater("http_503", "away", 2.0)),
    ],
)
def test_what_auth0_answers_for_one_user(status: int, code: str, message: str, failure: Failure) -> None:
    answer = httpx.Response(status, json={"statusCode": status, "message": message, "errorCode": code})

    assert failure_of(refusal("acme.auth0.com", "PATCH /api/v2/users/1", answer, now=0.0)) == failure


def test_what_came_without_an_answer_is_tried_again_soon() -> None:
    refused = CredentialsRefused("acme.auth0.com", "access_denied", "Unauthorized", "Check the client secret.")
    lost = Unreachable("acme.auth0.com", "PATCH /api/v2/users/1", "ReadTimeout")

    assert [failure_of(each) for each in (refused, lost)] == [
        RetryLater("CREDENTIALS_REFUSED", str(refused), 2.0),
        RetryLater("UNREACHABLE", str(lost), 2.0),
    ]
