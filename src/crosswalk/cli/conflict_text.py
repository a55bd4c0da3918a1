"""Conflicts in text for people, and in JSON for programs."""

import json

import msgspec

from crosswalk.cli.output import JsonValue
from crosswalk.console.profile import summary_of
from crosswalk.domain.identity import Identity
from crosswalk.engine.conflict_view import ConflictView, Settlement, ShownCandidate
from crosswalk.store.decisions import PastDecision
from crosswalk.store.problems import Problem


def problem_as_data(problem: Problem) -> dict[str, JsonValue]:
    """A conflict of a list."""
    data: dict[str, JsonValue] = msgspec.to_builtins(problem)
    return data


def view_as_data(view: ConflictView) -> dict[str, JsonValue]:
    """A conflict with everything."""
    return {
        "conflict": problem_as_data(view.problem),
        "settle_by": view.settlement.value,
        "user": _user_as_data(view.identity),
        "record": None if view.link is None else msgspec.to_builtins(view.link.record),
        "record_changed_at": view.record_changed_at or None,
        "candidates": msgspec.to_builtins(view.candidates),
        "other_users": [_user_as_data(each) for each in view.others],
        "decisions": msgspec.to_builtins(view.decided),
    }


def _user_as_data(identity: Identity | None) -> dict[str, JsonValue] | None:
    if identity is None:
        return None
    summary = summary_of(identity.profile, identity.user_id)
    return {
        "user_id": identity.user_id,
        "name": summary.name,
        "email": summary.email,
        "email_verified": summary.email_verified,
        "updated_at": identity.version.updated_at,
    }


def view_as_text(view: ConflictView) -> list[str]:
    """A conflict as a person reads it."""
    problem = view.problem
    field = f" {problem.object}.{problem.field}" if problem.field else ""
    since = f"sync {problem.sync}, since {problem.first_seen:%Y-%m-%d %H:%M}Z"
    lines = [
        f"conflict {problem.id}   {problem.code}{field}   ({since})",
        f"  {problem.message}",
        f"  {_user(view.identity, problem.user_id)}",
    ]
    lines += [f"  other user: {_user(each, each.user_id)[6:]}" for each in view.others]
    if view.link is not None:
        lines.append(f"  record {view.link.record.object} {view.link.record.id}")
    if view.question is not None:
        changed = view.identity.version.updated_at[:19] if view.identity else ""
        lines += [
            f"    Auth0      {_shown(view.question.auth0)}{_changed(changed)}",
            f"    Salesforce {_shown(view.question.salesforce)}{_changed(view.record_changed_at[:19])}",
            f"    mapping    {view.question.place}",
        ]
    for number, candidate in enumerate(view.candidates, 1):
        lines += _candidate(number, candidate)
    lines += [f"  {_decision(each)}" for each in view.decided]
    if problem.resolved_at is not None:
        return [*lines, f"  settled at {problem.resolved_at:%Y-%m-%d %H:%M:%S}Z"]
    return [*lines, f"  settle it: {_ways(view)}"]


def _user(identity: Identity | None, user_id: str) -> str:
    if identity is None:
        return f"user  {user_id}"
    summary = summary_of(identity.profile, user_id)
    verified = "verified" if summary.email_verified else "not verified"
    return f"user  {user_id}  {summary.name}" + (f"  {summary.email} ({verified})" if summary.email else "")


def _candidate(number: int, candidate: ShownCandidate) -> list[str]:
    owner = f"   belongs to {candidate.linked_to}" if candidate.linked_to else ""
    alike = f"alike {candidate.score:.2f}" if candidate.fields else "named by Salesforce"
    lines = [f"  {number}. {candidate.object} {candidate.id}   {alike}{owner}"]
    for each in candidate.evidence:
        alike = "  –  " if each.similarity is None else f"{each.similarity:.2f} "
        lines.append(f"     {alike} {each.field}: {_shown(each.identity_value)} | {_shown(each.record_value)}")
    return lines


def _decision(past: PastDecision) -> str:
    what = json.dumps(msgspec.to_builtins(past.decision), ensure_ascii=False)
    about = f"{past.field} " if past.field else ""
    ended = f", {past.ended_as}" if past.ended_as else ""
    return f"decided {past.decided_at:%Y-%m-%d %H:%M}Z by {past.decided_by}: {about}{what}{ended}"


def _ways(view: ConflictView) -> str:
    command = f"crosswalk conflicts decide {view.problem.id}"
    match view.settlement:
        case Settlement.MATCH:
            record = view.candidates[0].id if view.candidates else "RECORD-ID"
            return f"{command} --record {record} | --create | --leave"
        case Settlement.FIELD:
            return f"{command} --take auth0 | --take salesforce"
        case Settlement.RELEASE:
            return f"crosswalk conflicts release {view.problem.id}"
        case Settlement.ELSEWHERE:
            return "as the message says; it goes away by itself when the cause is gone"


def _changed(at: str) -> str:
    return f"   (this side last changed {at.replace('T', ' ')}Z)" if at else ""


def _shown(value: object) -> str:
    return "(empty)" if value is None or value == "" else json.dumps(value, ensure_ascii=False)
