"""Every error code of both vendors and of the hub itself: what it asks for, and what a person can do about it. Pure.

This is the one place where a code is classified; how a vendor says it is in the vendor's own `errors` module. Texts in
the column `fix` are shown to people as they are, in dead letters, pauses and the console.

Sources: "Status Codes and Error Responses" of Salesforce's REST API guide and `StatusCode` of its SOAP API; the errors
that the OpenAPI description of Auth0's Management API names for each call; RFC 6749 and both vendors' pages for OAuth.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Vendor(StrEnum):
    """Whose word a code is."""

    SALESFORCE = "salesforce"
    AUTH0 = "auth0"
    HUB = "hub"


class Reaction(StrEnum):
    """What a code asks for."""

    RETRY_SOON = "retry_soon"
    RETRY_ALONE = "retry_alone"
    """Somebody else holds the record: it is sent again after a moment, apart from the rest of its call."""
    RETRY_WHEN_OUTAGE_ENDS = "retry_when_outage_ends"
    RETRY_WHEN_WINDOW_OPENS = "retry_when_window_opens"
    CONFLICT = "conflict"
    LINK_LOST = "link_lost"
    """The record or user is gone; it is looked for, and becomes a conflict when it is not found."""
    DEAD_LETTER = "dead_letter"
    CONFIGURATION = "configuration"
    """Nothing of the kind can be written until mapping or permissions change: the sync or the flow pauses."""
    PERMISSION = "permission"
    """As `CONFIGURATION`, but it may concern the one record only: it pauses when several fail and none succeeds."""
    CREDENTIALS = "credentials"
    """The tenant or the org pauses until the credentials are right."""


DELAYS_S: Mapping[Reaction, float] = {
    Reaction.RETRY_SOON: 2.0,
    Reaction.RETRY_ALONE: 2.0,
    # Mostly one call in many failed. In an outage each further wait is twice as long, and the breaker keeps calls back.
    Reaction.RETRY_WHEN_OUTAGE_ENDS: 2.0,
    # The daily limit is a rolling window of 24 hours: something becomes free all the time, but not within seconds.
    Reaction.RETRY_WHEN_WINDOW_OPENS: 300.0,
    # Short, because the pause is what keeps further calls from being made.
    Reaction.CREDENTIALS: 2.0,
}
"""How long to wait at least before the same is tried again, seconds, where the vendor does not say."""


class Code(Struct, frozen=True):
    """One row of the table; a `code` that ends in `*` stands for all that begin so."""

    vendor: Vendor
    code: str
    reaction: Reaction
    fix: str


NOTHING_TO_DO = "Nothing: the hub tries again by itself."
_OUTAGE = "Nothing: the hub tries again by itself. Look at the vendor's status page when it lasts."
_BUDGET = "Nothing at first. `crosswalk budget` shows who spends the calls; a smaller reserve leaves the hub more."
_BUSY_ORG = "Nothing at first. If it lasts, find out who uses the org's API calls; a longer linger saves the hub's."
_SAME_PERSON = "The org holds another record of this person: merge the two, or add a match rule that finds it."
_GONE = "The record was deleted or merged: restore it, or decide which record is the user's."
_RULE = (
    "Correct the user's data so that it meets the org's rule, or have the rule leave the hub's user out; then replay."
)
_VALUE = "Correct the user's data, or the expression of the field at fault so that it always fits; then replay."
_MAPPED = "Correct the field's or object's name in the mapping, or let the hub's user see and write it in the org."
_RIGHTS = "Give the hub's user the right that the message names, in a permission set; then replay."
_TRIGGER = "Correct the org's own trigger or flow that the message names; then replay."
_EDITION = "Switch the API or feature on in the org, or ask Salesforce which edition has it."
_CORRECTED = "at the vendor (then `crosswalk resume`) or in the configuration (then restart the hub)."
_OAUTH_SALESFORCE = f"Correct the org's credentials or the app's policies as the message says, {_CORRECTED}"
_OAUTH_AUTH0 = f"Correct the tenant's credentials or the application's grants as the message says, {_CORRECTED}"
_BODY = "Correct the mapping of the attribute that the message names, or the record's data; then replay."

_S, _A, _H, _R = Vendor.SALESFORCE, Vendor.AUTH0, Vendor.HUB, Reaction

CODES: tuple[Code, ...] = (
    Code(_S, "UNABLE_TO_LOCK_ROW", _R.RETRY_ALONE, NOTHING_TO_DO),
    Code(_S, "INVALID_SESSION_ID", _R.RETRY_SOON, NOTHING_TO_DO),
    Code(_S, "QUERY_TIMEOUT", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "REQUEST_RUNNING_TOO_LONG", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "SERVER_UNAVAILABLE", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "UNKNOWN_EXCEPTION", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "HTTP_5*", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "HTTP_408", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "HTTP_429", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_S, "REQUEST_LIMIT_EXCEEDED", _R.RETRY_WHEN_WINDOW_OPENS, _BUSY_ORG),
    Code(_S, "EXCEEDED_MAX_*", _R.RETRY_WHEN_WINDOW_OPENS, _BUSY_ORG),
    Code(_S, "DUPLICATES_DETECTED", _R.CONFLICT, _SAME_PERSON),
    Code(_S, "DUPLICATE_VALUE", _R.CONFLICT, _SAME_PERSON),
    Code(_S, "DUPLICATE_EXTERNAL_ID", _R.CONFLICT, _SAME_PERSON),
    Code(_S, "HTTP_300", _R.CONFLICT, _SAME_PERSON),
    Code(_S, "ENTITY_IS_DELETED", _R.LINK_LOST, _GONE),
    Code(_S, "INVALID_CROSS_REFERENCE_KEY", _R.LINK_LOST, _GONE),
    Code(_S, "NOT_FOUND", _R.LINK_LOST, _GONE),
    Code(_S, "FIELD_CUSTOM_VALIDATION_EXCEPTION", _R.DEAD_LETTER, _RULE),
    Code(_S, "FIELD_FILTER_VALIDATION_EXCEPTION", _R.DEAD_LETTER, _RULE),
    Code(_S, "FIELD_INTEGRITY_EXCEPTION", _R.DEAD_LETTER, _VALUE),
    Code(_S, "REQUIRED_FIELD_MISSING", _R.DEAD_LETTER, "Map the required field, or give it a default; then replay."),
    Code(
        _S, "STRING_TOO_LONG", _R.DEAD_LETTER, "Shorten the value in the mapping, or lengthen the field; then replay."
    ),
    Code(_S, "INVALID_EMAIL_ADDRESS", _R.DEAD_LETTER, _VALUE),
    Code(
        _S,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        _R.DEAD_LETTER,
        "Add the value to the picklist, or map it to one that the picklist has; then replay.",
    ),
    Code(_S, "NUMBER_OUTSIDE_VALID_RANGE", _R.DEAD_LETTER, _VALUE),
    Code(_S, "MALFORMED_ID", _R.DEAD_LETTER, _VALUE),
    Code(_S, "INACTIVE_OWNER_OR_USER", _R.DEAD_LETTER, "Give the record an active owner; then replay."),
    Code(
        _S,
        "CANNOT_UPDATE_CONVERTED_LEAD",
        _R.DEAD_LETTER,
        "The Lead became a Contact: add a target for Contacts that matches, so that the link follows; then replay.",
    ),
    Code(_S, "JSON_PARSER_ERROR", _R.DEAD_LETTER, _VALUE),
    Code(_S, "INVALID_FIELD", _R.CONFIGURATION, _MAPPED),
    Code(_S, "INVALID_FIELD_FOR_INSERT_UPDATE", _R.CONFIGURATION, _MAPPED),
    Code(_S, "INVALID_TYPE", _R.CONFIGURATION, _MAPPED),
    Code(_S, "API_DISABLED_FOR_ORG", _R.CONFIGURATION, _EDITION),
    Code(_S, "API_CURRENTLY_DISABLED", _R.CONFIGURATION, _EDITION),
    Code(_S, "FUNCTIONALITY_NOT_ENABLED", _R.CONFIGURATION, _EDITION),
    Code(_S, "STORAGE_LIMIT_EXCEEDED", _R.CONFIGURATION, "Free storage in the org, or buy more."),
    Code(_S, "HTTP_403", _R.CONFIGURATION, _RIGHTS),
    Code(_S, "HTTP_404", _R.CONFIGURATION, _MAPPED),
    Code(_S, "INSUFFICIENT_ACCESS", _R.PERMISSION, _RIGHTS),
    Code(_S, "INSUFFICIENT_ACCESS_OR_READONLY", _R.PERMISSION, _RIGHTS),
    Code(_S, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", _R.PERMISSION, _RIGHTS),
    Code(_S, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", _R.PERMISSION, _TRIGGER),
    Code(_S, "CANNOT_EXECUTE_FLOW_TRIGGER", _R.PERMISSION, _TRIGGER),
    Code(_S, "invalid_grant", _R.CREDENTIALS, _OAUTH_SALESFORCE),
    Code(_S, "invalid_client_id", _R.CREDENTIALS, _OAUTH_SALESFORCE),
    Code(_S, "unsupported_grant_type", _R.CREDENTIALS, _OAUTH_SALESFORCE),
    Code(_S, "inactive_org", _R.CREDENTIALS, "The org is locked, expired or suspended: ask its administrator."),
    Code(_A, "too_many_requests", _R.RETRY_SOON, "Nothing at first. If it lasts, ask Auth0 for a higher rate limit."),
    Code(_A, "invalid_token", _R.RETRY_SOON, NOTHING_TO_DO),
    Code(_A, "http_5*", _R.RETRY_SOON, _OUTAGE),
    Code(_A, "http_408", _R.RETRY_SOON, _OUTAGE),
    Code(_A, "auth0_idp_error", _R.CONFLICT, "Another user of the connection has the address or number: see which."),
    Code(_A, "user_conflict", _R.CONFLICT, "Another user of the connection has the address or number: see which."),
    Code(_A, "identity_conflict", _R.CONFLICT, "The accounts are linked to others already: see to whom in Auth0."),
    Code(_A, "inexistent_user", _R.LINK_LOST, "The user was deleted in Auth0: nothing can be written to it any more."),
    Code(_A, "inexistent_identity", _R.LINK_LOST, "The account is not the user's any more: look at it in Auth0."),
    Code(_A, "inexistent_organization_member", _R.LINK_LOST, "The user is no member any more: look at it in Auth0."),
    Code(_A, "invalid_body", _R.DEAD_LETTER, _BODY),
    Code(_A, "invalid_uri", _R.DEAD_LETTER, _BODY),
    Code(_A, "invalid_query_string", _R.DEAD_LETTER, _BODY),
    Code(_A, "invalid_operation", _R.DEAD_LETTER, _BODY),
    Code(
        _A,
        "operation_not_supported",
        _R.DEAD_LETTER,
        "The user's connection owns this attribute (social and enterprise logins set it): leave it out for such users.",
    ),
    Code(
        _A,
        "insufficient_scope",
        _R.CONFIGURATION,
        "Give the hub's application the scope that the message names, in Auth0 under Applications, APIs.",
    ),
    Code(_A, "inexistent_organization", _R.CONFIGURATION, "Create the organization in Auth0, or correct its id."),
    Code(_A, "inexistent_connection", _R.CONFIGURATION, "Create the connection in Auth0, or correct its name."),
    Code(_A, "inexistent_role", _R.CONFIGURATION, "Create the role in Auth0, or correct its name."),
    Code(_A, "access_denied", _R.CREDENTIALS, _OAUTH_AUTH0),
    Code(_A, "unauthorized_client", _R.CREDENTIALS, _OAUTH_AUTH0),
    Code(_A, "invalid_client", _R.CREDENTIALS, _OAUTH_AUTH0),
    Code(_A, "invalid_request", _R.CREDENTIALS, _OAUTH_AUTH0),
    Code(_H, "UNREACHABLE", _R.RETRY_WHEN_OUTAGE_ENDS, "Check network, proxy, URL and CA file when it lasts."),
    Code(_H, "MALFORMED_ANSWER", _R.RETRY_WHEN_OUTAGE_ENDS, "Check whether a proxy or login page is in between."),
    Code(
        _H,
        "CREDENTIALS_REFUSED",
        _R.CREDENTIALS,
        f"Correct the credentials as the message says, {_CORRECTED}",
    ),
    Code(_H, "CLAIMED", _R.RETRY_SOON, NOTHING_TO_DO),
    Code(_H, "BUDGET_SPENT", _R.RETRY_WHEN_WINDOW_OPENS, _BUDGET),
    Code(_H, "BUDGET_UNKNOWN", _R.RETRY_SOON, NOTHING_TO_DO),
    Code(_H, "RATE_LIMITED", _R.RETRY_SOON, NOTHING_TO_DO),
    Code(_H, "CIRCUIT_OPEN", _R.RETRY_WHEN_OUTAGE_ENDS, _OUTAGE),
    Code(_H, "UNKNOWN_ROLE", _R.CONFIGURATION, "Create the role in Auth0, or correct its name in the flow."),
    Code(_H, "FLOW_INCOMPLETE", _R.DEAD_LETTER, "Complete the deal or contact as the message says; then replay."),
    Code(
        _H,
        "OUTCOME_UNKNOWN",
        _R.DEAD_LETTER,
        "The answer was lost, and there is no way to look it up: see in the org whether it happened, then discard if "
        "it did, and replay if it did not.",
    ),
    Code(_H, "INTERNAL_ERROR", _R.DEAD_LETTER, "This is a mistake of the hub: report it with the log's traceback."),
)

ANYTHING_ELSE = "Read the message, it is the vendor's own; correct what it names, then replay."
"""What to do about a code that nobody wrote down."""

_EXACT: Mapping[str, Code] = {row.code: row for row in CODES if not row.code.endswith("*")}
_BEGINNINGS: tuple[tuple[str, Code], ...] = tuple((row.code[:-1], row) for row in CODES if row.code.endswith("*"))


def row_of(code: str) -> Code | None:
    """Return the row that classifies a code; `None` for one that nobody wrote down."""
    exact = _EXACT.get(code)
    if exact is not None:
        return exact
    return next((row for beginning, row in _BEGINNINGS if code.startswith(beginning)), None)


def reaction_to(code: str) -> Reaction:
    """Return what a code asks for; one that nobody wrote down needs a person."""
    row = row_of(code)
    return Reaction.DEAD_LETTER if row is None else row.reaction


def fix_for(code: str) -> str:
    """Return what a person can do about a code, in a sentence or two."""
    row = row_of(code)
    return ANYTHING_ELSE if row is None else row.fix
