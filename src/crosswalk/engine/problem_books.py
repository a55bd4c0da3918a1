"""What went wrong with an identity, in the words of the problems that people see."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from crosswalk.connectors.base import (
    ConfigurationWrong,
    ConflictFound,
    Failure,
    LinkLost,
    Rejected,
    RetryLater,
)
from crosswalk.domain.candidate import Candidate
from crosswalk.domain.effect import EffectStep
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Conflict, FieldConflict, Plan
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record_id import object_of_id
from crosswalk.domain.write import Action, FieldsWrite, RecordWrite
from crosswalk.engine.causes import cause_of
from crosswalk.engine.loop_words import in_words
from crosswalk.store.audit import AUTH0_USER
from crosswalk.store.problems import Problem, ProblemKind


class ProblemBooks(Struct, frozen=True):
    """Says what is wrong with identities of one sync, as problems that people see.

    Parameters
    ----------
    sync
        Whose books.
    seqs
        The inbox's number of the event that each identity's problems are attributed to.
    """

    sync: SyncName
    seqs: Mapping[UserId, int]

    def write_failed(self, plan: Plan, write: FieldsWrite, failure: Failure) -> Problem:
        if isinstance(write, RecordWrite):
            object_name, record_id, action, field = write.object, write.record_id, write.action, ""
        else:
            # A record and a user may fail at once, and each is a problem of its own: so it is told by its first field.
            object_name, record_id, action = AUTH0_USER, RecordId(write.user_id), Action.UPDATE
            field = write.fields[0].field
        detail: dict[str, object] = {
            "action": action.value,
            "record_id": record_id,
            "fields": {field.field: field.new for field in write.fields},
            "at_fault": list(getattr(failure, "fields", ())),
        }
        if isinstance(failure, ConflictFound) and failure.duplicates:
            named = {each: object_of_id(each) or object_name for each in failure.duplicates}
            detail["candidates"] = [{"object": of, "id": each} for each, of in named.items()]
        return self.problem(
            plan.user_id,
            kind_of(failure),
            failure.code,
            failure.message,
            object_name=object_name,
            field=field,
            detail=detail,
        )

    def step_failed(self, user_id: UserId, step: EffectStep, failure: Failure) -> Problem:
        """The problem of a flow's step that was not carried out."""
        return self.problem(
            user_id,
            kind_of(failure),
            failure.code,
            f"{step.effect.because} {failure.message}",
            field=step.effect.key,
            detail={"flow": step.flow, "step": step.step.value, "place": str(step.place)},
        )

    def problem_of_flow(self, subject: UserId, flow: str, message: str, place: Place) -> Problem:
        """What keeps a flow from bringing about what it wants, which a person has to see to."""
        detail: dict[str, object] = {"flow": flow, "place": str(place)}
        return self.problem(subject, ProblemKind.DEAD_LETTER, "FLOW_INCOMPLETE", message, field=flow, detail=detail)

    def disputed(self, plan: Plan, dispute: FieldConflict) -> Problem:
        return self.problem(
            plan.user_id,
            ProblemKind.CONFLICT,
            "FIELD_DIFFERS",
            f"{dispute.field} differs between Auth0 and Salesforce, and a person decides which value is right.",
            object_name=plan.target or "",
            field=dispute.field,
            detail={
                "auth0": dispute.identity_value,
                "salesforce": dispute.record_value,
                "place": str(dispute.place),
            },
        )

    def quarantined(self, user_id: UserId, quarantine: Quarantine) -> Problem:
        return self.problem(
            user_id,
            ProblemKind.QUARANTINE,
            "FIELD_QUARANTINED",
            in_words(quarantine),
            object_name=quarantine.object,
            field=quarantine.field,
            detail=msgspec.to_builtins(quarantine),
        )

    def conflict(self, plan: Plan, conflict: Conflict) -> Problem:
        return self.problem(
            plan.user_id,
            ProblemKind.CONFLICT,
            conflict.situation.value.upper(),
            conflict.message,
            object_name=plan.target or "",
            detail={
                "rule": conflict.rule,
                "candidates": [_as_detail(candidate) for candidate in conflict.candidates],
            },
        )

    def field_error(self, plan: Plan, field: str, message: str, place: str) -> Problem:
        return self.problem(
            plan.user_id,
            ProblemKind.FIELD_ERROR,
            "FIELD_ERROR",
            message,
            object_name=plan.target or "",
            field=field,
            detail={"place": place},
        )

    def problem(
        self,
        user_id: UserId,
        kind: ProblemKind,
        code: str,
        message: str,
        *,
        object_name: str = "",
        field: str = "",
        detail: dict[str, object] | None = None,
    ) -> Problem:
        told = detail or {}
        return Problem(
            sync=self.sync,
            user_id=user_id,
            kind=kind,
            object=object_name,
            field=field,
            code=code,
            message=message,
            detail=told,
            event_seq=self.seqs.get(user_id),
            cause=_cause(code, object_name, field, message, told) if kind is ProblemKind.DEAD_LETTER else "",
        )


def kind_of(failure: Failure) -> ProblemKind:
    """What a failure is to people: something that passes, that they decide, or that they see to."""
    match failure:
        case RetryLater():
            return ProblemKind.RETRYING
        case ConflictFound() | LinkLost():
            return ProblemKind.CONFLICT
        case Rejected() | ConfigurationWrong():
            return ProblemKind.DEAD_LETTER


def _cause(code: str, object_name: str, field: str, message: str, detail: Mapping[str, Any]) -> str:
    """What a dead letter has in common with others: of a flow's step the flow, whatever the step's own key is."""
    flow = str(detail.get("flow", ""))
    fields = detail.get("at_fault") or ([] if flow or not field else [field])
    return cause_of(code, flow or object_name, fields, message, detail.get("fields", {}))


def _as_detail(candidate: Candidate) -> dict[str, object]:
    record = candidate.record
    return {
        "object": record.object,
        "id": record.id,
        "fields": dict(record.fields),
        "score": candidate.score,
        "linked_to": candidate.linked_to,
        "evidence": [msgspec.structs.asdict(each) for each in candidate.evidence],
    }
