"""A recorded case as YAML, in the form that `reading` reads."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from crosswalk.cases.case import DecidedGiven, Given
from crosswalk.cases.recorded import RecordedCase
from crosswalk.domain.decision import CreateNew, LeaveAlone, LinkTo
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.record import Record


class NotAppended(CrosswalkError):
    """A case cannot be written to this file."""


def case_text(name: str, sync: str, case: RecordedCase) -> str:
    """One item of `cases`, indented by two."""
    written = {"name": name, "sync": sync, "only": True, **_given(case.given), "expect": dict(case.expect)}
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump({"cases": [written]}, text)
    return text.getvalue().removeprefix("cases:\n")


def append_case(path: Path, text: str) -> None:
    """Add a case to a test file, which is made where it does not exist.

    Raises
    ------
    NotAppended
        The file does not end with its cases, or cannot be written.
    """
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else "cases:\n"
        keys = [line.partition(":")[0] for line in before.splitlines() if line[:1].isalpha()]
        if keys[-1:] != ["cases"]:
            raise NotAppended(f"{path} does not end with its cases: move the key `cases` to the end of the file")
        path.parent.mkdir(parents=True, exist_ok=True)
        gap = "" if before.endswith("cases:\n") else "\n"
        path.write_text(before.rstrip("\n") + "\n" + gap + text, encoding="utf-8")
    except OSError as error:
        raise NotAppended(f"{path} cannot be written: {error.strerror}") from error


def _given(given: Given) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "user": None if given.user is None else dict(given.user),
        "deleted": given.deleted,
        "record": None if given.record is None else _record(given.record),
        "base": "nothing" if given.base is None else dict(given.base),
        "evidence": "" if given.evidence == "external_id" else given.evidence,
        "unread": list(given.unread),
        "unagreed": list(given.unagreed),
        "candidates": [
            _record(each.record) | ({} if each.linked_to is None else {"linked_to": str(each.linked_to)})
            for each in given.candidates
        ],
        "decided": _decided(given.decided),
        "quarantined": list(given.quarantined),
        "held": [msgspec.to_builtins(each) for each in given.held],
        "episode": given.episode,
        "owner": given.owner,
        "account": given.account,
    }
    if given.record is None:
        del parts["base"], parts["evidence"]
    return {name: value for name, value in parts.items() if value not in (None, "", [], {}, False, 0)}


def _record(record: Record) -> dict[str, Any]:
    """A record without its empty fields: those count as empty anyway."""
    fields = {name: value for name, value in record.fields.items() if value is not None}
    return {"object": record.object, "id": str(record.id), **fields}


def _decided(decided: DecidedGiven) -> Mapping[str, Any]:
    written: dict[str, Any] = {}
    match decided.choice:
        case LinkTo(object_name, record_id):
            written["link"] = {"object": object_name, "id": str(record_id)}
        case CreateNew(object_name):
            written["create"] = object_name
        case LeaveAlone():
            written["leave"] = True
    if decided.fields:
        written["fields"] = {
            name: each.side.value
            if each.of_now
            else {"side": each.side.value, "auth0": each.auth0, "salesforce": each.salesforce}
            for name, each in decided.fields.items()
        }
    return written
