"""`/api/v2/event-streams`: streams, their deliveries, redelivery and test events."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds, parse_iso
from crosswalk_sandbox.auth0.deliveries import Delivery
from crosswalk_sandbox.auth0.events import EVENT_TYPES, cloud_event
from crosswalk_sandbox.auth0.paging import MOST_PER_PAGE
from crosswalk_sandbox.auth0.problems import Problem, invalid_query
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, read_json
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION, new_document

TEST_PROPERTIES = {
    "event_type": Property(str, "Type of the event", choices=EVENT_TYPES),
    "data": Property(dict, "Contents of the test event"),
}
REDELIVER_PROPERTIES = {
    "date_from": Property(str, "An RFC-3339 date-time for redelivery start, inclusive"),
    "date_to": Property(str, "An RFC-3339 date-time for redelivery end, exclusive"),
    "statuses": Property(list, "Filter by status"),
    "event_types": Property(list, "Filter by event type"),
}


def event_stream_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of event streams."""
    return [*stream_routes(tenant), *delivery_routes(tenant)]


def stream_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes that read and change the streams themselves."""
    routes = Streams(tenant)
    return [
        Route("/event-streams", routes.list_streams, methods=["GET"]),
        Route("/event-streams", routes.create, methods=["POST"]),
        Route("/event-streams/{id}", routes.get, methods=["GET"]),
        Route("/event-streams/{id}", routes.update, methods=["PATCH"]),
        Route("/event-streams/{id}", routes.delete, methods=["DELETE"]),
        Route("/event-streams/{id}/test", routes.test, methods=["POST"]),
    ]


class Streams:
    """The operations on the streams themselves."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_streams(self, request: Request) -> Response:
        """Return one page of the streams."""
        query = Query(request, ("from", "take"))
        with self._tenant.lock:
            streams = list(self._tenant.event_streams)
        return answer(checkpoint_page(streams, query, "eventStreams"))

    async def create(self, request: Request) -> Response:
        """Create a stream."""
        body = await read_json(request)
        with self._tenant.lock:
            return answer(self._tenant.event_streams.create(body), 201)

    async def get(self, request: Request) -> Response:
        """Return one stream."""
        with self._tenant.lock:
            return answer(self._tenant.event_streams.get(request.path_params["id"]))

    async def update(self, request: Request) -> Response:
        """Change a stream."""
        body = await read_json(request)
        with self._tenant.lock:
            return answer(self._tenant.event_streams.update(request.path_params["id"], body))

    async def delete(self, request: Request) -> Response:
        """Delete a stream and what is known of its deliveries."""
        with self._tenant.lock:
            self._tenant.event_streams.delete(request.path_params["id"])
            self._tenant.deliveries.forget_stream(request.path_params["id"])
        return no_content()

    async def test(self, request: Request) -> Response:
        """Send a test event to one stream."""
        stream_id = request.path_params["id"]
        body = check_body(await read_json(request), TEST_PROPERTIES, required=("event_type",))
        with self._tenant.lock:
            self._tenant.event_streams.get(stream_id)
            now = iso_milliseconds(self._tenant.clock())
            data = body.get("data") or sample_data(body["event_type"], now)
            event = cloud_event(body["event_type"], data, self._tenant.name, now)
            event |= {"a0stream": stream_id, "a0purpose": "test"}
            delivery = self._tenant.deliveries.add(stream_id, event, self._tenant.time.monotonic())
        self._tenant.events_changed.notify()
        return answer(delivery.shown(), 202)


def delivery_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes that show deliveries and ask for them again."""
    routes = Deliveries(tenant)
    return [
        Route("/event-streams/{id}/deliveries", routes.list_deliveries, methods=["GET"]),
        Route("/event-streams/{id}/deliveries/{event_id}", routes.history, methods=["GET"]),
        Route("/event-streams/{id}/redeliver", routes.redeliver, methods=["POST"]),
        Route("/event-streams/{id}/redeliver/{event_id}", routes.redeliver_one, methods=["POST"]),
    ]


class Deliveries:
    """The operations on what was delivered, or was not."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_deliveries(self, request: Request) -> Response:
        """Return one page of the failed deliveries of a stream."""
        query = Query(request, ("statuses", "event_types", "date_from", "date_to", "from", "take"))
        stream_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.event_streams.get(stream_id)
            failed = self._tenant.deliveries.failed(stream_id)
            wanted = [
                one.shown()
                for one in failed
                if selected(
                    one,
                    statuses=query.names("statuses"),
                    event_types=query.names("event_types"),
                    date_from=query.text("date_from"),
                    date_to=query.text("date_to"),
                )
            ]
        return answer(checkpoint_page(wanted, query, "deliveries"))

    async def history(self, request: Request) -> Response:
        """Return one delivery with all its attempts."""
        with self._tenant.lock:
            return answer(find_delivery(self._tenant, request).shown())

    async def redeliver(self, request: Request) -> Response:
        """Deliver the failed events of a stream again."""
        body = check_body(await read_json(request), REDELIVER_PROPERTIES)
        stream_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.event_streams.get(stream_id)
            wanted = [
                one
                for one in self._tenant.deliveries.failed(stream_id)
                if selected(
                    one,
                    statuses=body.get("statuses", []),
                    event_types=body.get("event_types", []),
                    date_from=body.get("date_from", ""),
                    date_to=body.get("date_to", ""),
                )
            ]
            self._tenant.deliveries.redeliver(wanted, self._tenant.time.monotonic())
        self._tenant.events_changed.notify()
        return answer(body, 202)

    async def redeliver_one(self, request: Request) -> Response:
        """Deliver one event again."""
        with self._tenant.lock:
            self._tenant.deliveries.redeliver([find_delivery(self._tenant, request)], self._tenant.time.monotonic())
        self._tenant.events_changed.notify()
        return answer({}, 202)


def find_delivery(tenant: Tenant, request: Request) -> Delivery:
    """Return the delivery that the request's path names, or raise 404."""
    tenant.event_streams.get(request.path_params["id"])
    delivery = tenant.deliveries.find(request.path_params["id"], request.path_params["event_id"])
    if delivery is None:
        raise Problem(404, "The event delivery does not exist.", "event_delivery_not_found")
    return delivery


def selected(delivery: Delivery, *, statuses: list[str], event_types: list[str], date_from: str, date_to: str) -> bool:
    """Tell whether a failed delivery is among those asked for; empty filters let everything through."""
    if statuses and "failed" not in statuses:
        return False
    if event_types and delivery.event["type"] not in event_types:
        return False
    try:
        moment = parse_iso(delivery.event["time"])
        return not (date_from and moment < parse_iso(date_from)) and not (date_to and moment >= parse_iso(date_to))
    except ValueError:
        raise invalid_query(f"Object didn't pass validation for format date-time: {date_from} {date_to}") from None


def checkpoint_page(items: list[dict[str, Any]], query: Query, name: str) -> dict[str, Any]:
    """Return the page of `items` (each with an ``id``) that begins at ``from``, and where the next one begins."""
    take = query.number("take", default=50, minimum=1, maximum=MOST_PER_PAGE)
    start = 0
    if "from" in query:
        ids = [item["id"] for item in items]
        if query.text("from") not in ids:
            raise invalid_query(f"Unknown checkpoint: {query.text('from')}", "from", "Id from which to start")
        start = ids.index(query.text("from"))
    page: dict[str, Any] = {name: items[start : start + take]}
    if start + take < len(items):
        page["next"] = items[start + take]["id"]
    return page


def sample_data(event_type: str, now: str) -> dict[str, Any]:
    """Return what a test event of a user carries when the request gives no data of its own."""
    if not event_type.startswith("user."):
        raise Problem(400, f"Payload validation error: 'data is required for {event_type}'.", "invalid_body")
    entry = {
        "connection": DATABASE_CONNECTION,
        "user_id": "507f1f77bcf86cd799439020",
        "provider": "auth0",
        "isSocial": False,
    }
    document = new_document({"email": "test.user@example.com"}, entry, now)
    return {"object": document | ({"deleted_at": now} if event_type == "user.deleted" else {})}
