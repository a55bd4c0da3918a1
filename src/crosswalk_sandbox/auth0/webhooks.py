"""Sends webhook requests: event-stream deliveries one by one and concurrently, log streams in batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from time import perf_counter
from typing import Any

import httpx

from crosswalk_sandbox.auth0.deliveries import Delivery, attempt_at
from crosswalk_sandbox.auth0.log_streams import LogStream, batch_body, sink_headers
from crosswalk_sandbox.auth0.signals import wait_for_signal
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.faults import Fate, arranged

LOG_BATCH = 100
LOG_RETRY_SECONDS = 0.25
LOG_RETRY_SECONDS_MAX = 5.0


@asynccontextmanager
async def delivering(tenant: Tenant) -> AsyncIterator[None]:
    """Deliver the tenant's events and logs for as long as the context is open."""
    tls = tenant.knobs.webhook_tls or httpx.create_ssl_context()
    async with AsyncExitStack() as stack:
        # One client for each request in flight: a single one looks through all its connections for every request,
        # which with sixteen of them costs more than the requests.
        idle: asyncio.Queue[httpx.AsyncClient] = asyncio.Queue()
        for _ in range(tenant.knobs.deliveries_in_flight):
            idle.put_nowait(await stack.enter_async_context(httpx.AsyncClient(verify=tls, trust_env=False)))
        log_client = await stack.enter_async_context(httpx.AsyncClient(verify=tls, trust_env=False))
        workers = [
            asyncio.create_task(deliver_events(tenant, idle), name="auth0-event-deliveries"),
            asyncio.create_task(deliver_logs(tenant, log_client), name="auth0-log-streams"),
        ]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            for worker in workers:
                with suppress(asyncio.CancelledError):
                    await worker


async def post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str], seconds: float) -> str | None:
    """Send one request and return why it failed, or None when the receiver answered 2xx."""
    try:
        async with asyncio.timeout(seconds):
            response = await client.post(url, content=body, headers=headers, timeout=seconds)
    except (httpx.TimeoutException, TimeoutError):
        return f"The webhook did not answer within {seconds:g} seconds"
    except Exception as error:  # an AttributeError, too, from below httpx: where a connection is reset as it is made
        return f"The webhook could not be reached: {type(error).__name__}"
    return None if response.is_success else f"The webhook answered with status {response.status_code}"


async def deliver_events(tenant: Tenant, idle: asyncio.Queue[httpx.AsyncClient]) -> None:
    """Send every due delivery as soon as one of the `idle` clients is free, until cancelled."""
    changed = tenant.events_changed.subscribe()
    try:
        async with asyncio.TaskGroup() as tasks:
            while True:
                client = await idle.get()
                delivery = await next_delivery(tenant, changed)
                tasks.create_task(deliver_event(tenant, client, delivery, idle))
    finally:
        tenant.events_changed.unsubscribe(changed)


async def next_delivery(tenant: Tenant, changed: asyncio.Event) -> Delivery:
    """Wait for the next due delivery."""
    while True:
        with tenant.lock:
            delivery = tenant.deliveries.take_due(tenant.time.monotonic())
            next_due = tenant.deliveries.next_due()
        if delivery is not None:
            return delivery
        wait = None if next_due is None else tenant.time.real_seconds(max(0.0, next_due - tenant.time.monotonic()))
        await wait_for_signal(changed, wait)


async def deliver_event(
    tenant: Tenant, client: httpx.AsyncClient, delivery: Delivery, idle: asyncio.Queue[httpx.AsyncClient]
) -> None:
    """Send one event to one stream's webhook, record how it went, and free the client."""
    with tenant.lock:
        destination = tenant.event_streams.destination_of(delivery.stream_id)
        queue = tenant.deliveries
    started = perf_counter()
    error: str | None = "The server stopped during the delivery"
    try:
        if destination is None:
            error = "The event stream is disabled"
        else:
            url, authorization = destination
            headers = {"content-type": "application/json", "user-agent": "Auth0-Event-Streams", **authorization}
            error = await post(client, url, delivery.body, headers, tenant.knobs.delivery_timeout)
    finally:
        with tenant.lock:
            attempt = attempt_at(tenant.clock, perf_counter() - started, error)
            queue.settle(delivery, attempt, tenant.time.monotonic())
        if error is not None:
            # The next attempt may be due before whatever the worker is waiting for.
            tenant.events_changed.notify()
        idle.put_nowait(client)


async def deliver_logs(tenant: Tenant, client: httpx.AsyncClient) -> None:
    """Send new logs to every active log stream, each at its own pace, until cancelled."""
    changed = tenant.logs_changed.subscribe()
    running: dict[str, asyncio.Task[None]] = {}
    try:
        async with asyncio.TaskGroup() as tasks:
            while True:
                with tenant.lock:
                    streams = tenant.log_streams.active()
                for stream in streams:
                    stream_id = stream.settings["id"]
                    if stream_id not in running or running[stream_id].done():
                        running[stream_id] = tasks.create_task(drain_log_stream(tenant, client, stream))
                await wait_for_signal(changed, None)
    finally:
        tenant.logs_changed.unsubscribe(changed)


def fate_of(tenant: Tenant, entry: dict[str, Any]) -> Fate:
    """Return what becomes of one log on its way to one stream."""
    with tenant.lock:
        return tenant.faults.for_event(entry["type"], "log-stream")


async def drain_log_stream(tenant: Tenant, client: httpx.AsyncClient, stream: LogStream) -> None:
    """Send what one stream has not seen yet, in order; a batch that fails is tried again, more and more slowly."""
    pause = LOG_RETRY_SECONDS
    while True:
        with tenant.lock:
            if stream not in tenant.log_streams.active():
                return
            batch = tenant.logs.after(stream.delivered_up_to, LOG_BATCH)
            sink = dict(stream.settings["sink"])
        if not batch:
            return
        wanted, wait = arranged([entry for entry in batch if stream.wants(entry)], lambda entry: fate_of(tenant, entry))
        await tenant.time.sleep(wait)
        error = None
        if wanted:
            body = batch_body(wanted, sink["httpContentFormat"])
            seconds = tenant.knobs.delivery_timeout
            error = await post(client, sink["httpEndpoint"], body, sink_headers(sink), seconds)
        if error is None:
            stream.delivered_up_to = batch[-1]["log_id"]
            pause = LOG_RETRY_SECONDS
        else:
            await tenant.time.sleep(pause)
            pause = min(pause * 2, LOG_RETRY_SECONDS_MAX)
