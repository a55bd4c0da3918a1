"""How times, values, states and reasons read to a person."""

from datetime import datetime

from crosswalk.connectors.reactions import fix_for
from crosswalk.domain.decision import CreateNew, FieldDecision, LeaveAlone, LinkTo
from crosswalk.domain.values import FieldValue, Side
from crosswalk.engine.dead_letters import masked
from crosswalk.store.audit import AUTH0_USER
from crosswalk.store.decisions import PastDecision
from crosswalk.store.overview import Outcome, ReceivedEvent
from crosswalk.store.problems import Problem, ProblemKind

STATES = {
    "paused": "Paused",
    "idle": "Idle",
    "working": "Working",
    "retrying": "Retrying",
    "needs_attention": "Needs attention",
}
PROBLEMS = {
    "dead_letter": "Dead letter",
    "conflict": "Conflict",
    "field_error": "Field error",
    "quarantine": "Quarantined field",
    "retrying": "Retrying",
}
CONFLICTS = {
    "AMBIGUOUS": "Several records may be this person",
    "ALREADY_LINKED": "Two users, one record",
    "DOUBTFUL": "A record that may be this person",
    "KEY_MISSING": "Nothing to find the record by",
    "KEY_UNVERIFIED": "No record, and nothing verified",
    "UNVERIFIED_MATCH": "A record, by a value that is not verified",
    "NO_MATCH": "No record was found",
    "MATCHED": "A record was found",
    "FIELD_DIFFERS": "The two sides differ",
    "FIELD_QUARANTINED": "Somebody else writes it back",
    "DUPLICATES_DETECTED": "Salesforce found a duplicate",
}
PURPOSES = {
    "offboarding": "offboarding and access",
    "profile": "profiles",
    "activity": "activity",
    "backfill": "back-fill and drift",
    "probe": "checks",
}
SOURCES = {
    "event_stream": "event stream",
    "log_stream": "log stream",
    "subscription": "subscription",
    "log_poll": "log poll",
    "hub": "the hub itself",
    "change_events": "change events",
    "record_poll": "record poll",
    "person": "somebody’s decision",
    "backfill": "back-fill",
}
STAGES = {
    "reading": "Reading both sides",
    "matching": "Matching, writing nothing",
    "matched": "Matched",
    "writing": "Writing",
    "paused": "Paused",
    "done": "Done",
    "cancelled": "Cancelled",
}
DIRECTIONS = {
    "users": "All users",
    "records": "Users to whom a record belongs",
    "both": "All users, and records of nobody",
}
OUTLOOKS = {
    "link": "Linked",
    "create": "Created",
    "update": "Brought in step",
    "same": "In step already",
    "conflict": "In conflict",
    "wait": "Waiting",
    "no_record": "Without a record",
    "left_alone": "Left alone",
    "failed": "Failed",
    "deal": "Won deals",
}
BACKFILLED = {
    "written": "Written",
    "unchanged": "Were in step",
    "open": "Left open",
    "handed_over": "Handed over",
}
OWNERS = {
    "auth0": "Auth0 owns",
    "salesforce": "Salesforce owns",
    "initial": "Filled once",
    "latest": "Newest change wins",
    "manual": "A person decides",
}
FIELD_STATES = {
    "in_sync": "In sync",
    "differs": "Differs",
    "kept": "Salesforce’s stands",
    "error": "Error",
    "no_record": "No record yet",
}
REASONS = {
    "created": "First value of a new record",
    "linked": "Record was matched and got its external id",
    "changed": "Changed in Auth0, and that change wins",
    "restored": "Edited in Salesforce, but Auth0 owns the field",
    "filled": "Was empty in Salesforce, and Auth0 may fill it",
    "newer": "Changed on both sides, last in Auth0",
    "decided": "A person decided for this value",
    "flow": "Wanted by a flow",
    "undone": "No longer wanted by its flow",
    "released": "Its user has another record",
    "erased": "The person was erased on request",
}
REASONS_IN_AUTH0 = {
    **REASONS,
    "changed": "Changed in Salesforce, and that change wins",
    "restored": "Edited in Auth0, but Salesforce owns the field",
    "filled": "Was empty in Auth0, and Salesforce may fill it",
    "newer": "Changed on both sides, last in Salesforce",
}
OUTCOMES = {
    "written": "Written",
    "held": "Held: a mass change",
    "discarded": "Discarded",
    "superseded": "Superseded",
    "unchanged": "Unchanged",
    "conflict": "Conflict",
    "dead_letter": "Dead letter",
    "deleted": "Deleted",
    "filtered": "Filtered out",
    "converted": "Lead was converted",
    "record_deleted": "Record was deleted",
    "users_linked": "Linked to another user",
    "replaced": "Replaced by another user",
    "no_match": "No match",
    "matched": "Match not linked",
    "ambiguous": "Several matches",
    "already_linked": "Record of another user",
    "doubtful": "Doubtful match",
    "key_missing": "Nothing to match by",
    "key_unverified": "Not verified",
    "unverified_match": "Match not verified",
    "left_alone": "Left alone",
    "ignored": "Ignored",
    "waiting": "Waiting",
    "retrying": "Retrying",
    "unclaimed": "No sync wants it",
    "routed": "Passed to its identity",
    "unlinked": "Record of nobody",
    "flow_ended": "Flow is off",
}
ACTIONS = {
    "create": "Created",
    "update": "Updated",
    "delete": "Deleted",
    "grant": "Granted to",
    "revoke": "Revoked from",
    "add_member": "Made member",
    "remove_member": "Removed as member",
    "invite": "Invited",
    "publish": "Published",
}
ATTEMPTS = {
    "create": "Create",
    "update": "Update",
    "delete": "Delete",
    "grant": "Grant to",
    "revoke": "Revoke from",
    "add_member": "Make member",
    "remove_member": "Remove as member",
    "invite": "Invite",
    "publish": "Publish",
}
TONES = {
    "written": "good",
    "in_sync": "good",
    "idle": "quiet",
    "working": "busy",
    "reading": "busy",
    "matching": "busy",
    "writing": "busy",
    "matched": "warn",
    "paused": "warn",
    "done": "good",
    "waiting": "busy",
    "retrying": "warn",
    "differs": "warn",
    "field_error": "warn",
    "quarantine": "warn",
    "needs_attention": "bad",
    "conflict": "bad",
    "dead_letter": "bad",
    "error": "bad",
}
"""Which of the five tones of the style sheet a state has; the rest are quiet."""

_STEPS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (86400 * 60, 86400, "days"))


def ago(moment: datetime, now: datetime) -> str:
    """How long before `now` a moment was, in its largest unit."""
    seconds = (now - moment).total_seconds()
    if seconds < 1:
        return "now"
    for below, unit, name in _STEPS:
        if seconds < below:
            number = int(seconds // unit)
            return f"{number} {'day' if name == 'days' and number == 1 else name} ago"
    return moment.strftime("%d %b %Y")


def exact(moment: datetime) -> str:
    """A moment to the millisecond."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def vendor_time(text: str) -> str:
    """A time as Auth0 or Salesforce wrote it (UTC), to the second."""
    return f"{text[:10]} {text[11:19]} UTC" if len(text) >= 19 else "not known"


def duration(milliseconds: float | None) -> str:
    """A duration with the unit that suits it; a dash when there is none."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 60_000:.0f} min"


def field_text(value: FieldValue) -> str:
    """A field's value as text; empty for an empty field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def count(number: int, most: int | None = None) -> str:
    """A number with thousands separated, and a plus when it was only counted so far."""
    return f"{number:,}+" if most is not None and number >= most else f"{number:,}"


def compact(number: int) -> str:
    """A large number in three digits: 15,000,000 as `15M`."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit * 10 or (number >= unit and number % unit == 0):
            return f"{number / unit:.1f}".removesuffix(".0") + name
    return f"{number:,}"


def reason_of(object_name: str, reason: str) -> str:
    """Why something was written to a record, or to a user."""
    return label(REASONS_IN_AUTH0 if object_name == AUTH0_USER else REASONS, reason)


def outcome_of(event: ReceivedEvent) -> str:
    """What came of an event when there is nothing to list sync by sync."""
    return "ignored" if event.disposition == "ignored" else "unclaimed"


def outcome_name(outcome: Outcome) -> str:
    """What one sync did about an event, or that it will."""
    if outcome.outcome is not None:
        return outcome.outcome
    return "retrying" if outcome.attempts else "waiting"


def decision(past: PastDecision) -> str:
    """What somebody decided."""
    if isinstance(past.decision, FieldDecision):
        taken, value = ("Auth0", past.decision.identity_value)
        if past.decision.side is Side.SALESFORCE:
            taken, value = ("Salesforce", past.decision.record_value)
        return f"{past.field} gets {taken}’s value, {field_text(value) or 'empty'}"
    match past.decision.choice:
        case LinkTo(object_, record_id):
            return f"the record is {object_} {record_id}"
        case CreateNew(object_):
            return f"gets a new {object_}"
        case LeaveAlone():
            return "stays without a record"


def said(problem: Problem) -> str:
    """What is wrong; of a dead letter without the values that a vendor quotes."""
    if problem.kind is not ProblemKind.DEAD_LETTER:
        return problem.message
    return masked(problem).message


def fix(code: str) -> str:
    """What a person can do about a code."""
    return fix_for(code)


def linked_by(evidence: str) -> str:
    """Why a record is a user's."""
    return "Created by the hub" if evidence == "created" else f"Rule “{evidence}”"


def label(names: dict[str, str], name: str) -> str:
    """The words for a name; a name without words is shown as it is, legibly."""
    return names.get(name) or name.replace("_", " ").capitalize()
