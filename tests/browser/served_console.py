"""The console over a database of a test's own, in a real browser, logged in."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Page

from crosswalk.domain.definition import SyncDefinition
from crosswalk.store.database import Database
from tests.browser.chromium import chromium
from tests.console_scene import ADMIN_TOKEN, console_app


@contextmanager
def served_console(
    postgres_uri: str, keep: Callable[[Database], Awaitable[None]], *definitions: SyncDefinition
) -> Iterator[Page]:
    """Serve the console in a thread, once `keep` has put into the database what it is to show."""
    listening = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        database = Database(postgres_uri)
        await database.open()
        await keep(database)
        app = console_app(database, None, *definitions)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        servers.append(server)
        ready.set()
        await server.serve(sockets=[listening])
        await database.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60)
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}/console")
        page.get_by_label("Admin token").fill(ADMIN_TOKEN)
        page.get_by_role("button", name="Log in").click()
        yield page
    servers[0].should_exit = True
    thread.join(60)
