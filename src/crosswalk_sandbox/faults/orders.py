"""Short orders for common troubles, each of which becomes a rule or two."""

import msgspec

from crosswalk_sandbox.faults.effects import Drop, RecordFailure, Status
from crosswalk_sandbox.faults.rules import FaultRule, Match, When


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What the control API accepts; only what is named changes.

    Parameters
    ----------
    clear
        First end every trouble that was ordered before, rules included.
    status
        HTTP status of an outage, or of the next failures when `fail_next` is given.
    for_seconds
        How long the outage lasts by the sandbox's clock; until cleared when None.
    fail_next
        How many of the next calls fail.
    error_code, message
        The vendor's code and words of an outage or failure; the vendor's own for the status when empty.
    lock_once
        Record ids of the org whose next write fails once with `UNABLE_TO_LOCK_ROW`.
    drop_after_write
        How many of the next successful writes are applied and then lose their reply with the connection.
    revoke_tokens
        End every session of the org, or every token of the tenant.
    """

    clear: bool = False
    status: int | None = None
    for_seconds: float | None = None
    fail_next: int = 0
    error_code: str = ""
    message: str = ""
    lock_once: list[str] = []
    drop_after_write: int = 0
    revoke_tokens: bool = False

    def rules(self) -> list[FaultRule]:
        """The order as rules."""
        rules: list[FaultRule] = []
        refusal = Status(self.status or 503, code=self.error_code, message=self.message)
        if self.fail_next:
            rules.append(FaultRule(refusal, when=When(next=self.fail_next), name="ordered failures"))
        elif self.status is not None:
            rules.append(FaultRule(refusal, when=When(until_seconds=self.for_seconds), name="ordered outage"))
        once = When(next=1)
        rules += [
            FaultRule(RecordFailure(), match=Match(records=[each]), when=once, name=f"ordered lock of {each[:15]}")
            for each in self.lock_once
        ]
        if self.drop_after_write:
            match = Match(operations=["write"], successful=True)
            next_writes = When(next=self.drop_after_write)
            rules.append(FaultRule(Drop("after-write"), match=match, when=next_writes, name="ordered drops"))
        return rules
