"""One process of the hub: the API, the worker, or both in one event loop, until it is told to stop."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial

import structlog
from starlette.types import ASGIApp

from crosswalk import __version__
from crosswalk.api.admin_token import admin_token
from crosswalk.api.health import Readiness
from crosswalk.api.metrics import SharedFigures
from crosswalk.api.monitoring import monitoring_app
from crosswalk.api.security import AdminAccess
from crosswalk.api.server import listen, make_server
from crosswalk.cli.api_processes import BEAT_EVERY_S, ApiProcesses
from crosswalk.cli.roles import Roles, Seat
from crosswalk.config.config import Config
from crosswalk.connectors.secret import Secret
from crosswalk.domain.errors import CrosswalkError
from crosswalk.engine import metrics
from crosswalk.engine.budget.view import terms_of
from crosswalk.engine.hub import Hub, open_hub
from crosswalk.engine.intake import Intake
from crosswalk.engine.settings import subscribers
from crosswalk.engine.supervise import keep_running
from crosswalk.engine.worker import run_worker, watch_database

log = structlog.get_logger()


CANCELLED_WITHIN_S = 3.0
"""How long work that was cancelled because its time is up may take to let go."""

GIVE_UP_AFTER_S = 15.0
"""So much longer than work may take, a stopping process may live; then it ends on the spot, which loses nothing."""


class AddressTaken(CrosswalkError):
    """The hub cannot listen where it should."""


async def run_process(config: Config, roles: Roles, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; then requests and batches under way are finished and booked, and none is begun.

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
        readiness = Readiness(hub.database, hub.jobs if roles.worker else None)
        figures = SharedFigures(hub.database, list(hub.compiled), terms_of(config))
        ready: dict[str, object] = {"ready": True}
        group: ApiProcesses | None = None
        if roles.api and roles.processes == 1:
            ready |= await _start_api(hub, stack, readiness, figures, roles.seat)
        elif roles.api:
            group, announced = await _start_group(hub, stack, roles)
            readiness.answering = lambda: group.answering
            ready |= announced
        if roles.seat is None:
            ready |= await _start_monitoring(hub, stack, readiness, figures, roles.monitoring_port)
        # Only once nothing can keep the process from starting any more: work that was begun has to be ended in order.
        parts: list[asyncio.Task[None]] = []
        stack.push_async_callback(_end, parts, roles.stop_within_s)
        if hub.embedded is not None:
            parts.append(asyncio.create_task(keep_running("database", partial(watch_database, hub.embedded))))
        if roles.worker:
            parts.append(asyncio.create_task(run_worker(hub, roles.stop_within_s)))
        announce(json.dumps(ready))
        if roles.seat is not None:
            parts.append(asyncio.create_task(_beat(announce)))
        log.info("hub_started", version=__version__, api=roles.api, worker=roles.worker, url=ready.get("url"))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *parts], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        log.info("hub_stopping", asked=stop.is_set())
        readiness.stopping = True
        metrics.STOPPING.set(1)
        hub.jobs.drain()
        if group is not None:
            group.stop()
        _end_at_last(roles.stop_within_s + GIVE_UP_AFTER_S)
        for part in parts:
            if part.done():
                part.result()


async def _start_api(
    hub: Hub, stack: AsyncExitStack, readiness: Readiness, figures: SharedFigures, seat: Seat | None
) -> dict[str, object]:
    """Serve the app in the background; returns what there is to announce."""
    from crosswalk.api.app import create_app  # noqa: PLC0415  # a third of the start, which a worker does without

    access = _access(hub.config)
    intake = await stack.enter_async_context(Intake(hub.database, subscribers(hub.config), hub.jobs.wake))
    app = create_app(hub, intake, access, readiness, figures)
    if seat is None:
        listener = _listen(hub.config.server.host, hub.config.server.port, "server.port")
        metrics.API_PROCESSES.set(1)
    else:
        listener = socket.socket(fileno=seat.descriptor)
    _serve(app, listener, stack)
    return _whereabouts(hub.config, listener)


async def _start_group(hub: Hub, stack: AsyncExitStack, roles: Roles) -> tuple[ApiProcesses, dict[str, object]]:
    """Have the app served by processes of their own; returns them, and what there is to announce."""
    _access(hub.config)  # the token is made, or found too weak, once
    listener = _listen(hub.config.server.host, hub.config.server.port, "server.port")
    whereabouts = _whereabouts(hub.config, listener)
    # They use the embedded PostgreSQL of this process, which looks after it and leaves it last.
    database = {} if hub.embedded is None else {"CROSSWALK_DATABASE_URL": hub.embedded.uri}
    group = ApiProcesses(roles.process_command, roles.processes or 1, listener, {**os.environ, **database})
    stack.push_async_callback(group.close)
    await group.start()
    return group, whereabouts


def _access(config: Config) -> AdminAccess:
    configured = config.server.admin_token
    return AdminAccess(admin_token(Secret(configured.get_secret_value()) if configured else None, config.state_dir))


def _whereabouts(config: Config, listener: socket.socket) -> dict[str, object]:
    own_url = _url_of(listener)
    url = (config.server.public_url or own_url).rstrip("/")
    return {
        "url": own_url,
        "console_url": f"{url}/console",
        "admin_token_file": None if config.server.admin_token else str(config.state_dir / "admin-token"),
    }


async def _start_monitoring(
    hub: Hub, stack: AsyncExitStack, readiness: Readiness, figures: SharedFigures, port: int | None
) -> dict[str, object]:
    """Serve probes and metrics on a port of their own, where one is wanted; returns what there is to announce."""
    settings = hub.config.monitoring
    wanted = settings.port if port is None else port
    if wanted is None:
        return {}
    token = Secret(settings.token.get_secret_value()) if settings.token else None
    app = monitoring_app(readiness, figures, token)
    listener = _listen(settings.host, wanted, "monitoring.port")
    _serve(app, listener, stack)
    return {"monitoring_url": _url_of(listener)}


def _listen(host: str, port: int, setting: str) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise AddressTaken(
            f"cannot listen on {host}:{port}: {error.strerror}; another hub may run there, "
            f"or set {setting} to a free one (0 picks one)"
        ) from error


def _serve(app: ASGIApp, listener: socket.socket, stack: AsyncExitStack) -> None:
    """Serve an app in the background until the stack is left."""
    server = make_server(app)
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async def end() -> None:
        server.should_exit = True
        await serving

    stack.push_async_callback(end)


def _url_of(listener: socket.socket) -> str:
    bound_host, bound_port = listener.getsockname()[:2]
    shown_host = "127.0.0.1" if bound_host in {"0.0.0.0", "::"} else bound_host  # noqa: S104  # compared, not bound
    return f"http://{shown_host}:{bound_port}"


async def _beat(announce: Callable[[str], None]) -> None:
    """Tell the process that started this one that it lives, for as long as that one does."""
    with suppress(OSError):
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            announce("alive")


async def _end(parts: list[asyncio.Task[None]], stop_within_s: float) -> None:
    for part in parts:
        part.cancel()
    if parts:
        wait_s = stop_within_s + CANCELLED_WITHIN_S
        _, stuck = await asyncio.wait(parts, timeout=wait_s)
        if stuck:
            log.error("parts_did_not_stop", count=len(stuck), waited_s=wait_s)


def _end_at_last(after_s: float) -> None:
    """End the process on the spot if it still lives after so long, whatever hangs: a thread, a library, a socket."""

    def end() -> None:
        log.error("ended_on_the_spot", waited_s=after_s)
        os._exit(1)

    watch = threading.Timer(after_s, end)
    watch.daemon = True
    watch.start()
