"""Watching over pauses: what pauses is looked at again when it is time, even where nobody has anything to do there.

Every worker watches; of all of them one looks at a pause at a time. A look at a tenant or an org is a login, which ends
the pause if it succeeds (`crosswalk.engine.login_gate`).
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.domain.pause import PauseKind
from crosswalk.engine.hub import Hub
from crosswalk.store import pauses
from crosswalk.store.database import Database

WATCH_EVERY_S = 1.0


class TakesTokens(Protocol):
    """A vendor's client, as far as its credentials go."""

    @property
    def login(self) -> str:
        """What tells its credentials from others."""
        ...

    async def renew_token(self) -> None:
        """Get a new token, if a login may be tried."""
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

    async def begin(self) -> None:
        """Look at syncs and flows at once: a hub that starts may have been corrected.

        Credentials that were corrected are tried at once as it is, and the same ones no earlier for a new start.
        """
        async with self._database.transaction() as connection:
            for pause in await pauses.standing(connection):
                if (pause.kind, pause.name) not in self._clients:
                    await pauses.probe_now(connection, pause)

    async def look(self) -> None:
        """See whether what is due for it may go on."""
        async with self._database.transaction() as connection:
            standing = await pauses.standing(connection)
        for pause in standing:
            client = self._clients.get((pause.kind, pause.name))
            if client is not None:
                if pause.is_due or client.login not in pause.tried_with:
                    with suppress(ConnectorError):
                        await client.renew_token()
            elif pause.kind is PauseKind.FLOW and pause.is_due:
                async with self._database.transaction() as connection:
                    await pauses.unpark_one(connection, pause)


async def watch_pauses_for_ever(hub: Hub) -> None:
    """Watch once a second until cancelled."""
    watch = PauseWatch(hub.database, hub.tenants, hub.orgs)
    await watch.begin()
    while True:
        await watch.look()
        await asyncio.sleep(WATCH_EVERY_S)
