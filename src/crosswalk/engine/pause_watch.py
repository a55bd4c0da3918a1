"""Watching over pauses: tenants and orgs whose credentials are refused pause, and what pauses is looked at again.

Every worker watches; of all of them one looks at a pause at a time.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

import structlog

from crosswalk.connectors.errors import ConnectorError, CredentialsRefused
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.domain.pause import PROBE, Cause, Pause, PauseKind
from crosswalk.engine.hub import Hub
from crosswalk.store import pauses
from crosswalk.store.database import Database

log = structlog.get_logger()

WATCH_EVERY_S = 1.0


class TakesTokens(Protocol):
    """A vendor's client, as far as its credentials go."""

    @property
    def refusal(self) -> CredentialsRefused | None:
        """Why there was no token the last time."""
        ...

    async def renew_token(self) -> None:
        """Get a new token."""
        ...


class PauseWatch:
    """Watches the tenants and orgs of a hub, and everything that pauses.

    Parameters
    ----------
    database
        Where pauses are.
    tenants, orgs
        The clients whose credentials may be refused, by name.
    """

    def __init__(
        self,
        database: Database,
        tenants: Mapping[TenantName, TakesTokens],
        orgs: Mapping[OrgName, TakesTokens],
    ) -> None:
        self._database = database
        self._clients: Mapping[tuple[PauseKind, str], TakesTokens] = {
            **{(PauseKind.TENANT, name): client for name, client in tenants.items()},
            **{(PauseKind.ORG, name): client for name, client in orgs.items()},
        }
        self._told: dict[tuple[PauseKind, str], CredentialsRefused] = {}

    async def begin(self) -> None:
        """Look at everything at once: a hub that starts may have been corrected."""
        async with self._database.transaction() as connection:
            for pause in await pauses.standing(connection):
                await pauses.probe_now(connection, pause)

    async def look(self) -> None:
        """Pause what was refused since the last look, and see whether what is due for it may go on."""
        for (kind, name), refusal in self._news():
            cause = Cause(refusal.code, "", str(refusal))
            async with self._database.transaction() as connection:
                if await pauses.start(connection, kind, name, cause):
                    log.error("paused", kind=kind, name=name, code=refusal.code, because=str(refusal), fix=refusal.hint)
        async with self._database.transaction() as connection:
            standing = await pauses.standing(connection)
        now = datetime.now(UTC)
        for pause in standing:
            client = self._clients.get((pause.kind, pause.name))
            if client is not None:
                await self._try(pause, client)
            elif pause.kind is PauseKind.FLOW and pause.probe_at <= now:
                async with self._database.transaction() as connection:
                    await pauses.unpark_one(connection, pause)

    def _news(self) -> Iterator[tuple[tuple[PauseKind, str], CredentialsRefused]]:
        """Refusals that were not told of yet; an old one says nothing about a pause that ended since."""
        for key, client in self._clients.items():
            refusal = client.refusal
            if refusal is not None and refusal is not self._told.get(key):
                self._told[key] = refusal
                yield key, refusal

    async def _try(self, pause: Pause, client: TakesTokens) -> None:
        """Ask for a token, if it is time and nobody else does; with one, the pause is over."""
        async with self._database.transaction() as connection:
            if not await pauses.take_probe(connection, pause):
                return
        try:
            await client.renew_token()
        except ConnectorError:
            return  # a refusal is news, at the next look
        async with self._database.transaction() as connection:
            if await pauses.end(connection, pause, PROBE):
                log.info("resumed", kind=pause.kind, name=pause.name, by=PROBE)


async def watch_pauses_for_ever(hub: Hub) -> None:
    """Watch once a second until cancelled."""
    watch = PauseWatch(hub.database, hub.tenants, hub.orgs)
    await watch.begin()
    while True:
        await watch.look()
        await asyncio.sleep(WATCH_EVERY_S)
