"""The org in process: what tests do to it without HTTP, and what depends on time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import create_default_context

import httpx
import pytest

from crosswalk_sandbox.salesforce import Org, RecordRefused, create_app
from crosswalk_sandbox.salesforce.oauth import TokenRefused
from crosswalk_sandbox.salesforce.usage import ApiUsage
from crosswalk_sandbox.server import Sandbox

from .builders import API, a_lead

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
CLIENT = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def an_org(clock: Clock) -> Org:
    return Org(
        instance_url="https://org.example",
        client_id="id",
        client_secret="secret",
        username="integration@example.com",
        jwt_certificate_pem=None,
        clock=clock,
    )


def test_time_stamps_follow_the_clock_in_whole_seconds() -> None:
    clock = Clock()
    org = an_org(clock)
    lead_id = org.insert("Lead", a_lead())
    clock.now += timedelta(minutes=1)

    org.update("Lead", lead_id, {"Title": "Countess"})

    lead = org.get("Lead", lead_id)
    assert lead["CreatedDate"] == "2026-03-01T12:00:00.000+0000"
    assert lead["LastModifiedDate"] == lead["SystemModstamp"] == "2026-03-01T12:01:00.000+0000"
    assert [write.time for write in org.writes.after(0)] == [
        "2026-03-01T12:00:00.123+0000",
        "2026-03-01T12:01:00.123+0000",
    ]


def test_custom_field_takes_part_in_rules_and_describe() -> None:
    org = an_org(Clock())
    org.add_custom_field("Lead", {"name": "Tier__c", "label": "Tier", "length": 4, "unique": True, "custom": True})

    org.insert("Lead", a_lead(Tier__c="gold"))

    with pytest.raises(RecordRefused, match="DUPLICATE_VALUE"):
        org.insert("Lead", a_lead(Tier__c="GOLD"))
    with pytest.raises(RecordRefused, match=r"Tier: data value too large: bronze \(max length=4\)"):
        org.insert("Lead", a_lead(Tier__c="bronze"))
    described = org.objects["Lead"].describe("v62.0", "https://org.example")
    assert described["fields"][-1]["name"] == "Tier__c"


def test_token_ends_after_its_lifetime() -> None:
    clock = Clock()
    org = an_org(clock)
    token = org.oauth.grant(CLIENT)["access_token"]

    clock.now += timedelta(minutes=119)
    assert org.sessions.is_valid(token)
    clock.now += timedelta(minutes=1)
    assert not org.sessions.is_valid(token)


def test_assertion_is_refused_without_a_registered_certificate() -> None:
    org = an_org(Clock())

    with pytest.raises(TokenRefused, match="invalid assertion"):
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
        org.oauth.grant(form)


def test_calls_are_forgotten_after_24_hours() -> None:
    seconds = 0.0
    usage = ApiUsage(daily_limit=2, monotonic=lambda: seconds)
    assert usage.spend()
    seconds = 3600
    assert usage.spend()
    assert not usage.spend()

    seconds = 24 * 3600 + 60

    assert usage.used() == 1
    assert usage.spend()


async def test_application_serves_an_org_without_a_network() -> None:
    org = an_org(Clock())
    token = org.oauth.grant(CLIENT)["access_token"]
    transport = httpx.ASGITransport(create_app(org))
    async with httpx.AsyncClient(transport=transport, base_url=org.instance_url) as client:
        client.headers["Authorization"] = f"Bearer {token}"

        reply = await client.post(f"{API}/sobjects/Lead", json=a_lead())

    assert reply.status_code == 201
    assert org.rows("Lead")[0]["Name"] == "Ada Byron"


async def test_sandbox_runs_inside_a_test_and_frees_its_ports(tmp_path: Path) -> None:
    async with Sandbox(tmp_path, seed="company") as first:
        port = int(first.org.instance_url.rsplit(":", 1)[1])

    async with Sandbox(tmp_path, salesforce_port=port) as second:
        tls = create_default_context(cafile=str(second.ca_file))
        async with httpx.AsyncClient(verify=tls, trust_env=False) as client:
            versions = await client.get(f"{second.org.instance_url}/services/data")

    assert versions.status_code == 200
    assert len(first.org.rows("Account")) == 5
    assert second.org.rows("Account") == []
