"""`crosswalk explain`: why a field of a record has its value."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from crosswalk.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, VerboseOption
from crosswalk.cli.output import print_line
from crosswalk.domain.errors import CrosswalkError

if TYPE_CHECKING:
    from crosswalk.config.config import Config
    from crosswalk.domain.link import EndedLink
    from crosswalk.engine.explaining import FieldReport, RecordReport
    from crosswalk.store.audit import AuditEntry


class NothingKnown(CrosswalkError):
    """The hub knows nothing of this record."""


def explain(
    record: Annotated[str, typer.Argument(help="A Salesforce record id (15 or 18 characters) or an Auth0 user id.")],
    field: Annotated[
        str | None, typer.Argument(help="Only this field, or the place in the user that it goes to.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Read both sides now, not what the hub last knew.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show for each field of a record: both sides, what they last agreed on, the rule, and the event behind it."""
    from crosswalk.config.load import load_config  # noqa: PLC0415  # the light commands start without the engine
    from crosswalk.logs import configure_logs  # noqa: PLC0415

    configure_logs(verbose=verbose)
    reports = asyncio.run(_explain(load_config(config), record, field, live))
    if as_json:
        import msgspec  # noqa: PLC0415

        print_line(json.dumps([msgspec.to_builtins(report) for report in reports]))
        return
    for report in reports:
        print_line("\n".join(_as_text(report)))


async def _explain(config: "Config", record: str, field: str | None, live: bool) -> "list[RecordReport]":
    from crosswalk.engine.explaining import explain_record  # noqa: PLC0415
    from crosswalk.engine.hub import open_hub  # noqa: PLC0415

    async with open_hub(config) as hub:
        reports = await explain_record(hub, record, field, live=live)
    if not reports:
        raise NothingKnown(
            f"no sync has a link for {record}: give a record id (15 or 18 characters) or an Auth0 user id; "
            "`crosswalk plan --user ID` shows what would happen to an identity that is not linked"
        )
    return reports


def _as_text(report: "RecordReport") -> list[str]:
    ended, live = report.standing == "ended", report.standing == "live"
    sign = "no longer" if ended else "↔"
    standing = "" if ended or live else f", {report.standing}"
    head = (
        f"{report.object} {report.record_id}  {sign}  {report.user_id}   "
        f"(sync {report.sync}, linked by {report.evidence}{standing})"
    )
    former = [_former_as_text(each) for each in report.former]
    return [head, *former, *(line for field in report.fields for line in _field_as_text(field))]


def _former_as_text(link: "EndedLink") -> str:
    times = [f"{at:%Y-%m-%d %H:%M:%S}Z" if at else "" for at in (link.linked_at, link.ended_at)]
    whereto = [f"now {link.successor}" if link.successor else "", f"moved to {link.moved_to}" if link.moved_to else ""]
    details = "".join(f", {each}" for each in whereto if each)
    why = f"{link.reason.value.replace('_', ' ')}{details}"
    return f"  before: {link.object} {link.record_id}  ↔  {link.user_id}   {times[0]} to {times[1]}: {why}"


def _field_as_text(field: "FieldReport") -> list[str]:
    now = field.now
    back = f", to {now.to}" if now.to else ""
    lines = [
        "",
        f"{now.field}   owner {now.owner.value}: {now.expression}{back}   ({now.place})",
        f"  Auth0      {_shown(now.identity_value)}{_changed(now.ages.identity)}",
        f"  Salesforce {_shown(now.record_value)}{_changed(now.ages.record)}",
        f"  base       {_shown(now.base)}",
        f"  now        {now.because}",
    ]
    return lines + [f"  {_write_as_text(write)}" for write in field.history]


def _write_as_text(write: "AuditEntry") -> str:
    at = f"{write.at:%Y-%m-%d %H:%M:%S}Z" if write.at else ""
    at_source = f" of {write.event_at:%Y-%m-%d %H:%M:%S}Z" if write.event_at else ""
    because = f", from {write.event_type} {write.event_id}{at_source}" if write.event_id else ""
    from crosswalk.store.audit import AUTH0_USER  # noqa: PLC0415

    side = "Auth0" if write.object == AUTH0_USER else "Salesforce"
    change = f"{_shown(write.old)} → {_shown(write.new)} in {side}"
    return f"{at}  {change}   {write.reason} by {write.actor} ({write.place}){because}"


def _changed(at: str) -> str:
    """When a side last changed, to the second; nothing where that is not known."""
    return f"   (changed {at[:10]} {at[11:19]}Z)" if at else ""


def _shown(value: object) -> str:
    return "(empty)" if value is None else json.dumps(value, ensure_ascii=False)
