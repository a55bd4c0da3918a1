"""A plan in the words of a back-fill's report: what would be done about the identity, and why."""

from crosswalk.domain.backfill import Finding, Outlook
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.write import Action, RecordWrite

_MATCHES = frozenset({Situation.MATCHED, Situation.UNVERIFIED_MATCH})
_CREATE = Action.CREATE
_OF_SITUATION = {
    Situation.LINKED: Outlook.SAME,
    Situation.FOLLOWED: Outlook.SAME,
    Situation.NO_MATCH: Outlook.NO_RECORD,
    Situation.KEY_MISSING: Outlook.NO_RECORD,
    Situation.KEY_UNVERIFIED: Outlook.NO_RECORD,
}


def outlook_of(plan: Plan, *, makes_records: bool) -> Outlook:
    """What a plan comes to, where new records are made or not."""
    if plan.conflict is not None:
        return Outlook.CONFLICT
    if plan.waits_for:
        return Outlook.WAIT
    if creates(plan):
        return Outlook.CREATE if makes_records else Outlook.NO_RECORD
    if plan.record is not None and plan.situation in _MATCHES:
        return Outlook.LINK
    if plan.writes or plan.effects or plan.ends:
        return Outlook.UPDATE
    return _OF_SITUATION.get(plan.situation, Outlook.LEFT_ALONE)


def creates(plan: Plan) -> bool:
    """Whether a record would be made."""
    return any(isinstance(write, RecordWrite) and write.action is _CREATE for write in plan.writes)


def finding_of(plan: Plan, outlook: Outlook) -> Finding:
    """A plan as a line of the report."""
    record_ids: tuple[str, ...] = () if plan.record is None else (plan.record.id,)
    rule, words = plan.evidence, plan.waits_for
    if plan.conflict is not None:
        rule, words = plan.conflict.rule, plan.conflict.message
        record_ids = tuple(candidate.record.id for candidate in plan.conflict.candidates)
    elif plan.errors:
        words = "; ".join(f"{error.field}: {error.message}" for error in plan.errors)
    return Finding(
        plan.user_id, outlook, plan.situation.value, rule, plan.target or "", " ".join(record_ids), words[:2000]
    )
