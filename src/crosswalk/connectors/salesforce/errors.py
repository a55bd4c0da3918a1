"""What a Salesforce error means for a write: its code's reaction where, and how, it was said. Pure.

The codes themselves are classified in `crosswalk.connectors.reactions`.
"""

from crosswalk.connectors.base import (
    ConfigurationWrong,
    ConflictFound,
    Failure,
    LinkLost,
    Rejected,
    RetryLater,
)
from crosswalk.connectors.errors import CallRefused, CallWithheld, ConnectorError, CredentialsRefused
from crosswalk.connectors.reactions import DELAYS_S, Reaction, reaction_to
from crosswalk.domain.ids import RecordId
from crosswalk.domain.write import Action


def reaction_of(code: str, message: str = "", action: Action | None = None, fields: tuple[str, ...] = ()) -> Reaction:
    """Return what an error asks for: what the table says, but for the few codes that mean several things.

    Parameters
    ----------
    code, message, fields
        As Salesforce gave them.
    action
        What was done to the record. A reference that leads nowhere means a lost link only for an update by id without
        a field being named; otherwise it is a bad value of a lookup field.
    """
    if code in ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER") and (
        "UNABLE_TO_LOCK_ROW" in message
    ):
        # A trigger ran into somebody else's lock: the trigger is fine, the moment was not.
        return Reaction.RETRY_ALONE
    if code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("Concurrent"):
        # Too many calls at this moment (`ConcurrentRequests …`, `ConcurrentPerOrgLongTxn …`), not too many of the day.
        return Reaction.RETRY_SOON
    if code == "INVALID_CROSS_REFERENCE_KEY" and (action is Action.CREATE or fields):
        return Reaction.DEAD_LETTER
    if code == "CANNOT_UPDATE_CONVERTED_LEAD" and action is Action.UPDATE:
        # The person's record is what the lead became.
        return Reaction.LINK_LOST
    return reaction_to(code)


def result_of(
    code: str,
    message: str,
    fields: tuple[str, ...],
    duplicates: tuple[RecordId, ...],
    action: Action,
) -> Failure:
    """Return the result of one record that Salesforce refused."""
    reaction = reaction_of(code, message, action, fields)
    delay = DELAYS_S.get(reaction)
    if delay is not None:
        return RetryLater(code, message, delay, alone=reaction is Reaction.RETRY_ALONE)
    match reaction:
        case Reaction.CONFLICT:
            return ConflictFound(code, message, duplicates)
        case Reaction.LINK_LOST:
            return LinkLost(code, message)
        case Reaction.CONFIGURATION | Reaction.PERMISSION:
            return ConfigurationWrong(code, message, fields, of_all=reaction is Reaction.CONFIGURATION)
        case _:
            return Rejected(code, message, fields)


def result_of_failed_call(error: ConnectorError) -> Failure:
    """Return the result of every record of a call that failed as a whole.

    Repeating is safe even when the call may have been executed after a timeout: an upsert by external id finds the
    record it made the first time, and an update by id writes the same values again.
    """
    if isinstance(error, CallRefused):
        return _result_of_refused_call(error)
    if isinstance(error, CallWithheld):
        return RetryLater(error.code, str(error), error.after_s)
    reaction = Reaction.CREDENTIALS if isinstance(error, CredentialsRefused) else Reaction.RETRY_WHEN_OUTAGE_ENDS
    return RetryLater(error.code, str(error), DELAYS_S[reaction])


def _result_of_refused_call(error: CallRefused) -> Failure:
    reaction = reaction_of(error.code, error.message)
    if error.status == 300:
        return ConflictFound(error.code, error.message)
    if error.status >= 500 or error.status in (401, 408, 429) or reaction in DELAYS_S:
        delay = DELAYS_S.get(reaction, DELAYS_S[Reaction.RETRY_WHEN_OUTAGE_ENDS])
        return RetryLater(error.code, error.message, error.after_s or delay)
    if error.status < 400 or error.status in (403, 404) or reaction is Reaction.CONFIGURATION:
        # For a whole call "not found" is the object or the external-id field, not a record; a redirect leads to
        # another host or to a login page, never to the API.
        return ConfigurationWrong(error.code, error.message, error.fields)
    return Rejected(error.code, error.message, error.fields)
