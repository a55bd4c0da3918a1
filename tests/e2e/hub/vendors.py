"""The vendors' own clients on the sandbox: what a customer's users and salespeople would do, our connectors unasked."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import requests
from auth0.management import ManagementClient
from auth0.management.types import (
    CreateEventStreamWebHookRequestContent,
    CreateLogStreamHttpRequestBody,
    LogStreamHttpSink,
)
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxAccess

CONNECTION = "Username-Password-Authentication"
USER_EVENTS = ("user.created", "user.updated", "user.deleted")


@contextmanager
def auth0_client(
    access: SandboxAccess, client_id: str | None = None, client_secret: str | None = None
) -> Iterator[ManagementClient]:
    """`auth0-python`, with a token of the tenant's application, or of another one."""
    domain = access.auth0.domain
    tls = ssl.create_default_context(cafile=str(access.ca_file))
    with httpx.Client(verify=tls, timeout=10, trust_env=False) as http:
        answer = http.post(
            f"https://{domain}/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": client_id or access.auth0.client_id,
                "client_secret": client_secret or access.auth0.client_secret,
                "audience": f"https://{domain}/api/v2/",
            },
        )
        yield ManagementClient(domain=domain, token=answer.raise_for_status().json()["access_token"], httpx_client=http)


@contextmanager
def salesforce_client(access: SandboxAccess) -> Iterator[Salesforce]:
    """`simple-salesforce`, logged in as a connected app of its own would be."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(access.ca_file)
        answer = session.post(
            f"{access.salesforce.instance_url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": access.salesforce.client_id,
                "client_secret": access.salesforce.client_secret,
            },
            timeout=10,
        )
        answer.raise_for_status()
        yield Salesforce(
            instance_url=access.salesforce.instance_url,
            session_id=answer.json()["access_token"],
            session=session,
            version="62.0",
        )


def sign_up(auth0: ManagementClient, email: str, *, verified: bool = False, **profile: Any) -> str:
    """Create a user; returns its id."""
    user = auth0.users.create(
        connection=CONNECTION,
        email=email,
        email_verified=verified,
        password="Correct-Horse-7-Battery",
        **{"given_name": "Ada", "family_name": "Lovelace", **profile},
    )
    assert user.user_id is not None
    return user.user_id


def create_event_stream(auth0: ManagementClient, url: str, token: str) -> str:
    """Make the tenant send its user events to `url`, with `token` as the bearer token; returns the stream's id."""
    request = CreateEventStreamWebHookRequestContent.model_validate(
        {
            "name": "to the hub",
            "subscriptions": [{"event_type": kind} for kind in USER_EVENTS],
            "destination": {
                "type": "webhook",
                "configuration": {
                    "webhook_endpoint": url,
                    "webhook_authorization": {"method": "bearer", "token": token},
                },
            },
        }
    )
    return str(auth0.event_streams.create(request=request).id)


def create_log_stream(auth0: ManagementClient, url: str, authorization: str, content_format: Any) -> str:
    """Make the tenant send its logs to `url` in one of the three formats; returns the stream's id."""
    request = CreateLogStreamHttpRequestBody(
        name=f"to the hub as {content_format}",
        type="http",
        sink=LogStreamHttpSink(http_endpoint=url, http_authorization=authorization, http_content_format=content_format),
    )
    return str(auth0.log_streams.create(request=request).id)
