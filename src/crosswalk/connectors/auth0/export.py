"""All users of a tenant by an export job: a handful of calls, however many users there are.

`POST /jobs/users-exports` starts the job, `GET /jobs/{id}` says when it is done and where its file is: lines of JSON,
packed with gzip, at an address that is good for a minute and needs no token ("Bulk User Exports").
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.errors import CallRefused, MalformedAnswer, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.whole_side import waits

LONGEST_JOB_S = 3 * 3600.0
LINES_AT_ONCE = 2_000

FIELDS = (
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "identities",
    "user_metadata",
    "app_metadata",
    "blocked",
    "multifactor",
    "last_ip",
    "last_login",
    "logins_count",
    "last_password_reset",
    "created_at",
    "updated_at",
)
"""What a user consists of: an export has only what it is asked for, and leaves the metadata out unless asked."""

_ORDER = msgspec.json.encode({"format": "json", "fields": [{"name": name} for name in FIELDS]})
_GZIP = 16 + zlib.MAX_WBITS


class _Job(Struct):
    id: str
    status: str = ""
    location: str | None = None


_decode_job = msgspec.json.Decoder(_Job).decode


async def export_users(transport: Transport, http: httpx.AsyncClient) -> AsyncIterator[list[bytes]]:
    """Yield all users as JSON texts, 2,000 at a time, as the export has them.

    Raises
    ------
    CallRefused, Unreachable, CredentialsRefused
        The job could not be started, asked for or downloaded, or it failed.
    MalformedAnswer
        The answer is no job, or the file is not what an export is.
    """
    address = await _finished_file(transport)
    rest = b""
    waiting: list[bytes] = []
    async for text in _unpacked(http, address):
        lines = (rest + text).split(b"\n")
        rest = lines.pop()
        waiting += [line for line in lines if line]
        while len(waiting) >= LINES_AT_ONCE:
            yield waiting[:LINES_AT_ONCE]
            waiting = waiting[LINES_AT_ONCE:]
    if rest.strip():
        waiting.append(rest)
    if waiting:
        yield waiting


async def _finished_file(transport: Transport) -> str:
    """Start the job and wait until it is done; returns the address of its file."""
    job = _read_job("POST", "jobs/users-exports", await transport.post("jobs/users-exports", _ORDER))
    path = f"jobs/{quote(job.id, safe='')}"
    waited_s = 0.0
    for wait_s in waits():
        if waited_s > LONGEST_JOB_S:
            break
        await asyncio.sleep(wait_s)
        waited_s += wait_s
        job = _read_job("GET", path, await transport.get(path))
        if job.status == "completed" and job.location:
            return job.location
        if job.status not in {"pending", "processing"}:
            raise CallRefused(
                service="Auth0",
                call=f"GET /api/v2/{path}",
                status=200,
                code="export_failed",
                message=f"the export is {job.status}",
            )
    raise Unreachable("Auth0", f"GET /api/v2/{path}", f"the export was not done within {LONGEST_JOB_S / 3600:g} hours")


def _read_job(method: str, path: str, answer: bytes) -> _Job:
    try:
        return _decode_job(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Auth0", f"{method} /api/v2/{path}", "a job as JSON", "something else") from error


async def _unpacked(http: httpx.AsyncClient, address: str) -> AsyncIterator[bytes]:
    """The text of the file piece by piece. The address carries its own permission, so no token goes there."""
    call = "GET the export's file"
    unpacker = zlib.decompressobj(_GZIP)
    try:
        # The address is a secret for a minute: it stands in no message.
        async with http.stream("GET", address, headers={"Accept-Encoding": "identity"}) as answer:
            if answer.status_code != 200:
                raise CallRefused(
                    service="Auth0",
                    call=call,
                    status=answer.status_code,
                    code=f"HTTP_{answer.status_code}",
                    message="the file could not be downloaded",
                )
            async for piece in answer.aiter_raw():
                yield unpacker.decompress(piece)
            yield unpacker.flush()
    except httpx.TransportError as error:
        raise Unreachable("Auth0", call, describe_failure(error)) from error
    except zlib.error as error:
        raise MalformedAnswer("Auth0", call, "lines of JSON packed with gzip", "something else") from error
    if not unpacker.eof:
        raise MalformedAnswer("Auth0", call, "a whole file", "one that ends too early")
