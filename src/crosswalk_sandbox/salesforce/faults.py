"""How single records fail on order; `crosswalk_sandbox.faults` decides when."""

from crosswalk_sandbox.faults import Faults
from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused

_MESSAGES = {
    "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record or 1 records: {id}",
    "ENTITY_IS_LOCKED": "the entity is locked for editing",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "trigger: execution of BeforeUpdate caused by: System.LimitException",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule refused the record",
    "STORAGE_LIMIT_EXCEEDED": "storage limit exceeded",
    "SERVER_UNAVAILABLE": "server temporarily unavailable",
}


def refuse_on_order(faults: Faults, object: str, row_id: str | None) -> None:
    """Raise what a rule wants the write of this record to fail with, if one does; a new record has no id yet."""
    failure = faults.for_record(object, row_id)
    if failure is None:
        return
    message = failure.message or _MESSAGES.get(failure.code, "The record was refused")
    text = message.replace("{id}", row_id or "unknown")
    raise RecordRefused(RecordProblem(failure.code, text, list(failure.fields)))
