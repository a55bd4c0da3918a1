"""All event types of the SDK happen by real actions, and each event is what the SDK's model of it says."""

from __future__ import annotations

import ssl
from typing import Any

import auth0.management.types as models
from auth0.management import ManagementClient

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.events import EVENT_TYPES

from .conftest import ada
from .test_groups import Directory

OIDC: dict[str, Any] = {"client_id": "at-the-provider", "client_secret": "not-to-be-told"}


def model_of(event_type: str) -> Any:
    """The SDK's model of one type of event."""
    words = event_type.replace("organization", "org").split(".")
    return getattr(models, f"EventStreamCloudEvent{''.join(word.capitalize() for word in words)}CloudEvent")


def live(auth0: ManagementClient, tenant: Tenant, tls: ssl.SSLContext) -> None:
    """Do once whatever causes an event."""
    corp = auth0.connections.create(name="corp", strategy="oidc", options=OIDC).id or ""
    auth0.connections.update(corp, display_name="Corp")
    auth0.connections.scim_configuration.create(corp)
    directory = Directory(tenant, corp, auth0.connections.scim_configuration.tokens.create(corp).token or "", tls)
    member = directory.add_person("grace", externalId="g1")
    group = directory.add_group("Buyers", member)
    directory.http.put(f"/Groups/{group}", json={"displayName": "Big buyers"})
    role = auth0.roles.create(name="buyer").id or ""
    auth0.groups.roles.create(group, roles=[role])
    auth0.groups.roles.delete(group, roles=[role])
    acme = auth0.organizations.create(name="acme").id or ""
    auth0.organizations.update(acme, display_name="Acme")
    auth0.organizations.enabled_connections.add(acme, connection_id=corp)
    auth0.organizations.enabled_connections.update(acme, corp, show_as_button=False)
    auth0.organizations.groups.roles.create(acme, group, roles=[role])
    auth0.organizations.groups.roles.delete(acme, group, roles=[role])
    user = auth0.users.create(**ada()).user_id or ""
    auth0.users.update(user, given_name="Augusta")
    auth0.organizations.members.create(acme, members=[user])
    auth0.organizations.members.roles.assign(acme, user, roles=[role])
    auth0.organizations.members.roles.delete(acme, user, roles=[role])
    auth0.organizations.members.delete(acme, members=[user])
    auth0.users.delete(user)
    auth0.organizations.enabled_connections.delete(acme, corp)
    auth0.organizations.delete(acme)
    auth0.groups.delete(group)
    auth0.connections.delete(corp)
    directory.http.close()


def test_every_type_of_event_happens_and_is_as_the_sdk_models_it(
    auth0: ManagementClient, tenant: Tenant, tls: ssl.SSLContext
) -> None:
    live(auth0, tenant, tls)

    events = tenant.events.read(tenant.events.position_at(""), 1000)

    assert {event["type"] for event in events} == set(EVENT_TYPES)
    assert len(EVENT_TYPES) == 25
    for event in events:
        parsed = model_of(event["type"]).model_validate({**event, "a0stream": "est_1"})
        assert parsed.type == event["type"]


def test_events_of_connections_keep_the_providers_secrets(auth0: ManagementClient, tenant: Tenant) -> None:
    auth0.connections.create(name="corp", strategy="oidc", options=OIDC)
    auth0.connections.create(name="github", strategy="github", options={"client_id": "gh"})

    events = tenant.events.read(tenant.events.position_at(""), 1000)

    assert [event["data"]["object"]["name"] for event in events] == ["corp"]
    assert events[0]["data"]["object"]["options"] == {"client_id": "at-the-provider"}
