"""Dead letters for people and for programs."""

import msgspec

from crosswalk.cli.output import JsonValue, counted
from crosswalk.engine.dead_letters import Letter, LetterGroup


def group_as_text(each: LetterGroup) -> list[str]:
    """A cause in three lines: how many, the vendor's words, what to do."""
    group = each.group
    return [
        f"{group.cause}   {counted(group.letters, 'letter')} in {group.sync}, since {group.first_seen:%Y-%m-%d %H:%M}Z",
        f"    {each.example.message}",
        f"    {each.example.fix}",
    ]


def group_as_data(each: LetterGroup) -> dict[str, JsonValue]:
    """A cause for programs."""
    data: dict[str, JsonValue] = msgspec.to_builtins(each.group)
    problem = each.example.problem
    more = {"code": problem.code, "object": problem.object, "message": each.example.message, "fix": each.example.fix}
    return {**data, **more}


def line_of(letter: Letter) -> str:
    """A letter in one line."""
    problem = letter.problem
    return f"{problem.id}  {problem.code}  {problem.user_id}  {letter.message}"


def letter_as_text(letter: Letter) -> list[str]:
    """A letter with everything that helps."""
    problem = letter.problem
    detail = problem.detail or {}
    what = " ".join(str(detail[key]) for key in ("action", "flow", "step") if detail.get(key))
    lines = [
        f"{problem.id}  {problem.code}  {problem.user_id} in {problem.sync}",
        f"    {letter.message}",
        f"    cause: {problem.cause}",
        f"    what: {what} {problem.object} {detail.get('record_id') or ''}".rstrip(),
    ]
    lines += [f"    {name} = {value}" for name, value in letter.payload.items()]
    lines.append(f"    seen {counted(problem.attempts, 'time')}, first {problem.first_seen:%Y-%m-%d %H:%M:%S}Z")
    if problem.resolved_at is not None:
        lines.append(f"    {problem.resolution or 'gone by itself'} {problem.resolved_at:%Y-%m-%d %H:%M:%S}Z")
    if letter.masked and letter.payload:
        lines.append("    values are masked; --show-values shows them")
    return [*lines, f"    fix: {letter.fix}"]


def letter_as_data(letter: Letter) -> dict[str, JsonValue]:
    """A letter for programs."""
    problem = letter.problem
    detail = problem.detail or {}
    return {
        "id": problem.id,
        "sync": problem.sync,
        "user_id": problem.user_id,
        "cause": problem.cause,
        "code": problem.code,
        "object": problem.object,
        "message": letter.message,
        "at_fault": list(detail.get("at_fault", ())),
        "action": detail.get("action") or detail.get("step") or "",
        "flow": detail.get("flow", ""),
        "record_id": detail.get("record_id"),
        "payload": dict(letter.payload),
        "masked": letter.masked,
        "fix": letter.fix,
        "attempts": problem.attempts,
        "first_seen": None if problem.first_seen is None else problem.first_seen.isoformat(),
        "last_seen": None if problem.last_seen is None else problem.last_seen.isoformat(),
        "resolved_at": None if problem.resolved_at is None else problem.resolved_at.isoformat(),
        "resolution": problem.resolution,
    }
