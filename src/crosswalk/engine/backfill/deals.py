"""Deals that were won before the hub came: read, judged as the flow judges any, and handed to it on order.

Whoever bought long ago may not want an invitation today. So deals are only looked at where somebody asked for it, the
report names each, and nothing happens before that is ordered to be written. What then happens is the flow's business,
thresholds included: the back-fill only tells it of the deals, behind everything that is more urgent.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterable, Sequence

from crosswalk.domain.backfill import Finding, Outlook
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.flow import ClosedWonFlow
from crosswalk.domain.record import Record
from crosswalk.engine.backfill.csv_pieces import whole_rows
from crosswalk.engine.deals import OBJECT, deal_subject
from crosswalk.engine.drift.reading import Org, describe_columns, load_records, record_of
from crosswalk.flows.closed_won import NAME, CompiledClosedWon, Deal, fields_of
from crosswalk.store import backfills, effects
from crosswalk.store.database import Database
from crosswalk.store.drift_records import Column


async def read_deals(
    database: Database, org: Org, definition: SyncDefinition, flow: ClosedWonFlow, number: int
) -> None:
    """Add the won deals to what the back-fill's report names, but for those of which the flow did something already.

    Raises
    ------
    ConnectorError
        The org did not give them.
    """
    columns = await describe_columns(org, OBJECT, fields_of(flow))
    await load_records(
        org, _Deals(database, definition, CompiledClosedWon(flow), columns, number), None, lambda _: None
    )


class _Deals:
    """Takes the CSV of deals as it comes."""

    object = OBJECT

    def __init__(
        self,
        database: Database,
        definition: SyncDefinition,
        flow: CompiledClosedWon,
        columns: Sequence[Column],
        number: int,
    ) -> None:
        self._database = database
        self._sync = definition.name
        self._flow = flow
        self._named = {"id": Column("Id", "id"), **{column.name.lower(): column for column in columns}}
        self._number = number

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is read."""
        return tuple(self._named.values())

    async def load(self, columns: Sequence[str], rows: AsyncIterable[bytes]) -> None:
        """Take rows of CSV without a header."""
        names = [self._named[name.lower()].name for name in columns]
        async for text in whole_rows(rows):
            found = await asyncio.to_thread(self._won, names, text)
            async with self._database.transaction() as connection:
                held = await effects.read(connection, self._sync, NAME, [each.user_id for each in found])
                left = [each for each in found if not (each.user_id in held and held[each.user_id].held)]
                await backfills.add_findings(connection, self._number, left)

    def _won(self, names: Sequence[str], text: bytes) -> list[Finding]:
        rows = csv.reader(io.StringIO(text.decode(), newline=""))
        deals = [record_of(OBJECT, self.columns, dict(zip(names, row, strict=True))) for row in rows if row]
        judged = zip(deals, self._flow.judge(deals), strict=True)
        return [self._finding(deal, verdict) for deal, verdict in judged if verdict.won or verdict.problem]

    def _finding(self, deal: Record, verdict: Deal) -> Finding:
        problem = verdict.problem or self._missing(deal, verdict)
        return Finding(
            deal_subject(deal.id),
            Outlook.LEFT_ALONE if problem else Outlook.DEAL,
            NAME,
            object=OBJECT,
            record_ids=deal.id,
            words=problem or f"A deal of tier {verdict.tier} is won.",
        )

    def _missing(self, deal: Record, verdict: Deal) -> str:
        """Why nobody could be made a user because of the deal; empty where somebody can."""
        flow = self._flow.flow
        if not deal.fields.get(flow.contact_field):
            return "The deal is won, but has no primary contact."
        if verdict.tier not in flow.roles:
            known = ", ".join(flow.roles)
            return f"The deal is won, but its tier {verdict.tier!r} is not in the table (expected: {known})."
        return ""
