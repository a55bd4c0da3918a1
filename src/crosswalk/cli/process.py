"""One process of the hub: the API, the worker, or both in one event loop, until it is told to stop."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import structlog

from crosswalk import __version__
from crosswalk.api.admin_token import admin_token
from crosswalk.api.app import create_app
from crosswalk.api.security import AdminAccess
from crosswalk.api.server import listen, make_server
from crosswalk.config.config import Config
from crosswalk.connectors.secret import Secret
from crosswalk.domain.errors import CrosswalkError
from crosswalk.engine.hub import Hub, open_hub
from crosswalk.engine.intake import Intake
from crosswalk.engine.settings import subscribers
from crosswalk.engine.supervise import keep_running
from crosswalk.engine.worker import run_worker, watch_database

log = structlog.get_logger()


STOP_WITHIN_S = 60.0
"""How long jobs under way may take to finish when the hub stops; what they do not finish is done again later."""


class AddressTaken(CrosswalkError):
    """The hub cannot listen where it should."""


@dataclass(frozen=True)
class Roles:
    """What this process does: answer requests, work, or both."""

    api: bool
    worker: bool


async def run_process(config: Config, roles: Roles, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; then requests and jobs under way are finished.

    Parameters
    ----------
    config, roles
        What to run.
    announce
        Told, as one line of JSON, when everything is up: where the console is, and where the admin token is kept.

    Raises
    ------
    AddressTaken
        The configured address is in use.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(open_hub(config))
        parts: list[asyncio.Task[None]] = []
        if hub.embedded is not None:
            parts.append(asyncio.create_task(keep_running("database", partial(watch_database, hub.embedded))))
        ready: dict[str, object] = {"ready": True}
        if roles.worker:
            parts.append(asyncio.create_task(run_worker(hub)))
        if roles.api:
            ready |= await _start_api(hub, stack)
        stack.push_async_callback(_end, parts)
        announce(json.dumps(ready))
        log.info("hub_started", version=__version__, api=roles.api, worker=roles.worker, url=ready.get("url"))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *parts], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        log.info("hub_stopping", asked=stop.is_set())
        for part in parts:
            if part.done():
                part.result()


async def _start_api(hub: Hub, stack: AsyncExitStack) -> dict[str, object]:
    """Serve the app in the background; returns what there is to announce."""
    server_config = hub.config.server
    configured = server_config.admin_token
    token = admin_token(Secret(configured.get_secret_value()) if configured else None, hub.config.state_dir)
    intake = await stack.enter_async_context(Intake(hub.database, subscribers(hub.config), hub.jobs.wake))
    app = create_app(hub, intake, AdminAccess(token))
    try:
        listener = listen(server_config.host, server_config.port)
    except OSError as error:
        raise AddressTaken(
            f"cannot listen on {server_config.host}:{server_config.port}: {error.strerror}; another hub may run there, "
            "or set server.port to a free one (0 picks one)"
        ) from error
    server = make_server(app)
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async def end() -> None:
        server.should_exit = True
        await serving

    stack.push_async_callback(end)
    host, port = listener.getsockname()[:2]
    shown_host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  # compared, not bound
    url = (server_config.public_url or f"http://{shown_host}:{port}").rstrip("/")
    return {
        "url": f"http://{shown_host}:{port}",
        "console_url": f"{url}/console",
        "admin_token_file": None if configured else str(hub.config.state_dir / "admin-token"),
    }


async def _end(parts: list[asyncio.Task[None]]) -> None:
    for part in parts:
        part.cancel()
    if parts:
        _, stuck = await asyncio.wait(parts, timeout=STOP_WITHIN_S)
        if stuck:
            log.error("parts_did_not_stop", count=len(stuck), waited_s=STOP_WITHIN_S)
