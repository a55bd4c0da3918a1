"""Posting an alert, signed, to the address that wants to hear of it."""

import hashlib
import hmac
import time

import httpx
import msgspec

from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.secret import Secret
from crosswalk.domain.alert import Alert

TIMEOUT_S = 10.0
SIGNATURE = "X-Crosswalk-Signature"


def body_of(alert: Alert, hub_url: str | None) -> bytes:
    """What is posted, as JSON."""
    return msgspec.json.encode(
        {
            "id": alert.id,
            "state": alert.state,
            "cause": alert.condition.cause,
            "subject": alert.condition.subject,
            "summary": alert.condition.summary,
            "figures": alert.condition.figures,
            "since": alert.since,
            "hub": hub_url,
        }
    )


def signature_of(body: bytes, secret: Secret, at: int) -> str:
    """`t=…,v1=…`: the time in Unix seconds, and the HMAC-SHA256 of that time, a point, and the body, in hex."""
    signed = hmac.new(secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


async def post(client: httpx.AsyncClient, url: Secret, secret: Secret | None, body: bytes) -> str | None:
    """Post an alert.

    Returns
    -------
    str or None
        `None` once it arrived (any 2xx), otherwise why it did not, without the address.
    """
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers[SIGNATURE] = signature_of(body, secret, int(time.time()))
    try:
        answer = await client.post(url.reveal(), content=body, headers=headers)
    except httpx.TransportError as error:
        return describe_failure(error).replace(url.reveal(), "the address")
    except httpx.InvalidURL:
        return "the address is none"
    return None if answer.is_success else f"answered {answer.status_code}"
