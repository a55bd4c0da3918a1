"""The sandbox as a part of other measurements: records a second through collections, and seeds of a million.

The records come from plain TLS connections of this process, which cost little beside the sandbox's own process.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil

from crosswalk_sandbox.handles import OrgHandle
from crosswalk_sandbox.process import SandboxProcess

CALLS = 200
RECORDS_A_CALL = 200
CONNECTIONS = 8
CONTACTS = 1_000_000
PEOPLE = 200_000
CREATE = "/services/data/v62.0/composite/sobjects"
UPSERT = "/services/data/v62.0/composite/sobjects/Contact/Auth0_User_Id__c"


def run(folder: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure the throughput, and what a million contacts and some users take."""
    with SandboxProcess(folder) as sandbox:
        created = asyncio.run(_throughput(sandbox, "POST", CREATE))
        spent = _cpu_seconds(sandbox)
        upserted = asyncio.run(_throughput(sandbox, "PATCH", UPSERT))
        spent = _cpu_seconds(sandbox) - spent
        rows = len(OrgHandle(sandbox).records("Contact"))
    if rows != CALLS * RECORDS_A_CALL:
        raise AssertionError(f"{CALLS * RECORDS_A_CALL:,} contacts were sent, and {rows:,} are there")
    report(
        f"sandbox, collections of {RECORDS_A_CALL} over {CONNECTIONS} connections: {created:,.0f} records/s created, "
        f"{upserted:,.0f} upserted (target 10,000); {spent / CALLS / RECORDS_A_CALL * 1e6:.0f} µs of its CPU a record"
    )
    seconds, cpu, megabytes = _seed(folder, "contacts", CONTACTS)
    report(
        f"sandbox, {CONTACTS:,} contacts seeded: {seconds:.0f} s ({cpu:.0f} s of CPU), {megabytes:,.0f} MB "
        "(targets 90 s, 3,000 MB)"
    )
    people_seconds, people_cpu, people_megabytes = _seed(folder, "people", PEOPLE)
    report(
        f"sandbox, {PEOPLE:,} people seeded in both systems: {people_seconds:.0f} s ({people_cpu:.0f} s of CPU), "
        f"{people_megabytes:,.0f} MB"
    )
    return {
        "sandbox_created_per_s": created,
        "sandbox_upserted_per_s": upserted,
        "sandbox_million_contacts_s": seconds,
        "sandbox_million_contacts_cpu_s": cpu,
        "sandbox_million_contacts_mb": megabytes,
        "sandbox_upserted_cpu_us": spent / CALLS / RECORDS_A_CALL * 1e6,
        "sandbox_person_cpu_us": people_cpu / PEOPLE * 1e6,
        "sandbox_person_bytes": people_megabytes * 1e6 / PEOPLE,
    }


def _seed(folder: Path, scenario: str, people: int) -> tuple[float, float, float]:
    """Seconds by the clock and of CPU, and megabytes of memory that the process grew by."""
    with SandboxProcess(folder) as sandbox:
        process = psutil.Process(sandbox.pid)
        before, spent = process.memory_info().rss, _cpu_seconds(sandbox)
        began = time.monotonic()
        sandbox.seed(scenario, people=people)
        seconds = time.monotonic() - began
        return seconds, _cpu_seconds(sandbox) - spent, (process.memory_info().rss - before) / 1e6


def _cpu_seconds(sandbox: SandboxProcess) -> float:
    times = psutil.Process(sandbox.pid).cpu_times()
    return times.user + times.system


async def _throughput(sandbox: SandboxProcess, method: str, path: str) -> float:
    """Records a second of so many calls over several connections."""
    org = OrgHandle(sandbox)
    head = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(org.url).netloc}\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {org.token()}\r\n"
    waiting = iter([_request(head, number) for number in range(CALLS)])
    tls = ssl.create_default_context(cafile=str(sandbox.access.ca_file))
    began = time.monotonic()
    await asyncio.gather(*(_send(org.url, tls, waiting) for _ in range(CONNECTIONS)))
    return CALLS * RECORDS_A_CALL / (time.monotonic() - began)


def _request(head: str, call: int) -> bytes:
    """A call with records of its own; the second time they are changed."""
    records = [
        {
            "attributes": {"type": "Contact"},
            "FirstName": "Ada",
            "LastName": f"Byron {number}",
            "Email": f"ada.byron.{number}@example.com",
            "Phone": f"+43 664 {number:07d}",
            "Title": "Engineer",
            "MailingCity": "Graz",
            "MailingCountry": "Austria",
            "Auth0_User_Id__c": f"auth0|{number:024x}",
        }
        for number in range(call * RECORDS_A_CALL, (call + 1) * RECORDS_A_CALL)
    ]
    body = msgspec.json.encode({"allOrNone": False, "records": records})
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _send(url: str, tls: ssl.SSLContext, waiting: Iterator[bytes]) -> None:
    """Send what is waiting, which the connections share, over one of them, each call after the answer before."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=tls)
    for request in waiting:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(f"the call was not accepted: {head[:80]!r}")
        length = next(int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        body = await reader.readexactly(length)
        if body.count(b'"success":true') != RECORDS_A_CALL:
            raise AssertionError(f"not every record was accepted: {body[:200]!r}")
    writer.close()
    await writer.wait_closed()
