"""What each Salesforce error code means for a write: the one table, and how a refusal becomes a result. Pure.

Codes and their meaning: "Status Codes and Error Responses" of the REST API guide and `StatusCode` of the SOAP API.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto

from crosswalk.connectors.base import (
    ConfigurationWrong,
    ConflictFound,
    Failure,
    LinkLost,
    Rejected,
    RetryLater,
)
from crosswalk.connectors.errors import CallRefused, ConnectorError, CredentialsRefused
from crosswalk.domain.ids import RecordId
from crosswalk.domain.write import Action


class Meaning(Enum):
    """The reaction that a code asks for."""

    RETRY_SOON = auto()
    RETRY_WHEN_OUTAGE_ENDS = auto()
    RETRY_WHEN_WINDOW_OPENS = auto()
    CONFLICT = auto()
    LINK_LOST = auto()
    REJECTED = auto()
    CONFIGURATION = auto()


DELAYS_S: Mapping[Meaning, float] = {
    Meaning.RETRY_SOON: 2.0,
    Meaning.RETRY_WHEN_OUTAGE_ENDS: 10.0,
    # The daily limit is a rolling window of 24 hours: something becomes free all the time, but not within seconds.
    Meaning.RETRY_WHEN_WINDOW_OPENS: 300.0,
}

MEANINGS: Mapping[str, Meaning] = {
    "UNABLE_TO_LOCK_ROW": Meaning.RETRY_SOON,
    "INVALID_SESSION_ID": Meaning.RETRY_SOON,
    "QUERY_TIMEOUT": Meaning.RETRY_WHEN_OUTAGE_ENDS,
    "REQUEST_RUNNING_TOO_LONG": Meaning.RETRY_WHEN_OUTAGE_ENDS,
    "SERVER_UNAVAILABLE": Meaning.RETRY_WHEN_OUTAGE_ENDS,
    "REQUEST_LIMIT_EXCEEDED": Meaning.RETRY_WHEN_WINDOW_OPENS,
    "DUPLICATES_DETECTED": Meaning.CONFLICT,
    "DUPLICATE_VALUE": Meaning.CONFLICT,
    "DUPLICATE_EXTERNAL_ID": Meaning.CONFLICT,
    "ENTITY_IS_DELETED": Meaning.LINK_LOST,
    "INVALID_CROSS_REFERENCE_KEY": Meaning.LINK_LOST,
    "NOT_FOUND": Meaning.LINK_LOST,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning.REJECTED,
    "FIELD_INTEGRITY_EXCEPTION": Meaning.REJECTED,
    "REQUIRED_FIELD_MISSING": Meaning.REJECTED,
    "STRING_TOO_LONG": Meaning.REJECTED,
    "INVALID_EMAIL_ADDRESS": Meaning.REJECTED,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning.REJECTED,
    "NUMBER_OUTSIDE_VALID_RANGE": Meaning.REJECTED,
    "CANNOT_UPDATE_CONVERTED_LEAD": Meaning.REJECTED,
    "JSON_PARSER_ERROR": Meaning.REJECTED,
    "INVALID_FIELD": Meaning.CONFIGURATION,
    "INVALID_FIELD_FOR_INSERT_UPDATE": Meaning.CONFIGURATION,
    "INVALID_TYPE": Meaning.CONFIGURATION,
    "INSUFFICIENT_ACCESS": Meaning.CONFIGURATION,
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning.CONFIGURATION,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Meaning.CONFIGURATION,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning.CONFIGURATION,
    "API_DISABLED_FOR_ORG": Meaning.CONFIGURATION,
    "API_CURRENTLY_DISABLED": Meaning.CONFIGURATION,
}


def meaning_of(code: str, message: str = "", action: Action | None = None, fields: tuple[str, ...] = ()) -> Meaning:
    """Return what a code asks for; a code that nobody wrote down needs a person, so it is a rejection.

    Parameters
    ----------
    code, message, fields
        As Salesforce gave them.
    action
        What was done to the record. A reference that leads nowhere means a lost link only for an update by id without
        a field being named; otherwise it is a bad value of a lookup field.
    """
    if code.startswith("EXCEEDED_MAX_"):
        return Meaning.RETRY_WHEN_WINDOW_OPENS
    if code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" and "UNABLE_TO_LOCK_ROW" in message:
        # A trigger ran into somebody else's lock: the trigger is fine, the moment was not.
        return Meaning.RETRY_SOON
    if code == "INVALID_CROSS_REFERENCE_KEY" and (action is Action.CREATE or fields):
        return Meaning.REJECTED
    if code == "CANNOT_UPDATE_CONVERTED_LEAD" and action is Action.UPDATE:
        # The person's record is what the lead became.
        return Meaning.LINK_LOST
    return MEANINGS.get(code, Meaning.REJECTED)


_BUILD: Mapping[Meaning, Callable[[str, str, tuple[str, ...], tuple[RecordId, ...]], Failure]] = {
    Meaning.CONFLICT: lambda code, message, fields, duplicates: ConflictFound(code, message, duplicates),
    Meaning.LINK_LOST: lambda code, message, fields, duplicates: LinkLost(code, message),
    Meaning.REJECTED: lambda code, message, fields, duplicates: Rejected(code, message, fields),
    Meaning.CONFIGURATION: lambda code, message, fields, duplicates: ConfigurationWrong(code, message, fields),
}


def result_of(
    code: str,
    message: str,
    fields: tuple[str, ...],
    duplicates: tuple[RecordId, ...],
    action: Action,
) -> Failure:
    """Return the result of one record that Salesforce refused."""
    meaning = meaning_of(code, message, action, fields)
    delay = DELAYS_S.get(meaning)
    if delay is not None:
        return RetryLater(code, message, delay)
    return _BUILD[meaning](code, message, fields, duplicates)


def result_of_failed_call(error: ConnectorError) -> Failure:
    """Return the result of every record of a call that failed as a whole.

    Repeating is safe even when the call may have been executed after a timeout: an upsert by external id finds the
    record it made the first time, and an update by id writes the same values again.
    """
    if isinstance(error, CallRefused):
        return _result_of_refused_call(error)
    if isinstance(error, CredentialsRefused):
        return RetryLater(error.code, str(error), DELAYS_S[Meaning.RETRY_WHEN_WINDOW_OPENS])
    return RetryLater(error.code, str(error), DELAYS_S[Meaning.RETRY_WHEN_OUTAGE_ENDS])


def _result_of_refused_call(error: CallRefused) -> Failure:
    meaning = meaning_of(error.code, error.message)
    if meaning is Meaning.RETRY_WHEN_WINDOW_OPENS:
        return RetryLater(error.code, error.message, error.after_s or DELAYS_S[meaning])
    if error.status >= 500 or error.status in (401, 408, 429) or meaning in DELAYS_S:
        delay = DELAYS_S.get(meaning, DELAYS_S[Meaning.RETRY_WHEN_OUTAGE_ENDS])
        return RetryLater(error.code, error.message, error.after_s or delay)
    if error.status < 400 or error.status in (403, 404) or meaning is Meaning.CONFIGURATION:
        # For a whole call "not found" is the object or the external-id field, not a record; a redirect leads to
        # another host or to a login page, never to the API.
        return ConfigurationWrong(error.code, error.message, error.fields)
    return Rejected(error.code, error.message, error.fields)
