"""One tenant or one org of a running sandbox, with what a test does with it."""

import ssl
from typing import Any

import httpx

from crosswalk_sandbox.environment import org_variables, tenant_variables, trust_variables
from crosswalk_sandbox.process import Auth0Access, SalesforceAccess, SandboxFailedError, SandboxProcess

_TIMEOUT_SECONDS = 10.0


class TenantHandle:
    """A tenant of a running sandbox.

    Parameters
    ----------
    sandbox
        The sandbox.
    name
        Which of its tenants; the first one for None.

    Attributes
    ----------
    access
        `domain`, `client_id`, `client_secret` and more.
    """

    def __init__(self, sandbox: SandboxProcess, name: str | None = None) -> None:
        self.sandbox = sandbox
        self.name = name if name is not None else next(iter(sandbox.access.tenants))
        self.access: Auth0Access = sandbox.access.tenants[self.name]

    @property
    def url(self) -> str:
        """`https://` and the domain."""
        return f"https://{self.access.domain}"

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that let the vendor's tools find the tenant and trust it."""
        return {**tenant_variables(self.access), **_trust(self.sandbox)}

    def token(self, audience: str | None = None) -> str:
        """A new access token of the machine-to-machine application, for the Management API unless told otherwise."""
        body = {
            "grant_type": "client_credentials",
            "client_id": self.access.client_id,
            "client_secret": self.access.client_secret,
            "audience": audience or f"{self.url}/api/v2/",
        }
        with self.client(with_token=False) as client:
            return _token(client.post("/oauth/token", json=body))

    def client(self, *, with_token: bool = True) -> httpx.Client:
        """A client of the tenant, which the caller closes: paths such as `/api/v2/users` are enough."""
        headers = {"Authorization": f"Bearer {self.token()}"} if with_token else {}
        return _client(self.sandbox, self.url, headers)

    def settings(self, **settings: Any) -> None:
        """Change knobs, such as `duplicate_every`."""
        self.sandbox.auth0_settings(tenant=self.name, **settings)

    def faults(self, **order: Any) -> None:
        """Trouble the tenant; the arguments are those of `faults.FaultOrder`."""
        self.sandbox.auth0_faults(tenant=self.name, **order)

    def state(self) -> dict[str, Any]:
        """Counts, users, streams and deliveries."""
        result: dict[str, Any] = self.sandbox.state(tenant=self.name)["auth0"]
        return result

    def reset(self) -> None:
        """Back to the empty start."""
        self.sandbox.reset(tenant=self.name)


class OrgHandle:
    """An org of a running sandbox.

    Parameters
    ----------
    sandbox
        The sandbox.
    name
        Which of its orgs; the first one for None.

    Attributes
    ----------
    access
        `instance_url`, `client_id`, `client_secret`, `username`, `private_key_file` and more.
    """

    def __init__(self, sandbox: SandboxProcess, name: str | None = None) -> None:
        self.sandbox = sandbox
        self.name = name if name is not None else next(iter(sandbox.access.orgs))
        self.access: SalesforceAccess = sandbox.access.orgs[self.name]

    @property
    def url(self) -> str:
        """The org's own address."""
        return self.access.instance_url

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that let clients find the org and trust it."""
        return {**org_variables(self.access), **_trust(self.sandbox)}

    def token(self) -> str:
        """A new access token of the integration user."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.access.client_id,
            "client_secret": self.access.client_secret,
        }
        with self.client(with_token=False) as client:
            return _token(client.post("/services/oauth2/token", data=form))

    def client(self, *, with_token: bool = True) -> httpx.Client:
        """A client of the org, which the caller closes: paths such as `/services/data/v62.0/limits` are enough."""
        headers = {"Authorization": f"Bearer {self.token()}"} if with_token else {}
        return _client(self.sandbox, self.url, headers)

    def administer(self, action: str, /, **order: Any) -> dict[str, Any]:
        """Play the administrator or users: `save`, `delete`, `convert`, `merge`, `validation-rules`, …"""
        return self.sandbox.administer(action, org=self.name, **order)

    def settings(self, **settings: Any) -> None:
        """Change `latency_ms`, `daily_limit` or `token_lifetime_s`."""
        self.sandbox.settings(org=self.name, **settings)

    def faults(self, **order: Any) -> None:
        """Trouble the org; the arguments are those of `faults.FaultOrder`."""
        self.sandbox.faults(org=self.name, **order)

    def writes(self, after: int = 0) -> list[dict[str, Any]]:
        """The writes in order, from the one after the given number."""
        return self.sandbox.writes(after, org=self.name)

    def calls(self) -> dict[str, Any]:
        """The calls since the last reset: `total`, and `by_path`."""
        return self.sandbox.calls(org=self.name)

    def records(self, object: str) -> list[dict[str, Any]]:
        """The rows of an object, oldest first, with the fields that have a value."""
        found: list[dict[str, Any]] = self.sandbox.state(org=self.name)["salesforce"].get(object, [])
        return found

    def reset(self) -> None:
        """Back to the empty start."""
        self.sandbox.reset(org=self.name)


def _trust(sandbox: SandboxProcess) -> dict[str, str]:
    return trust_variables(sandbox.access.ca_file, sandbox.access.ca_bundle_file)


def _client(sandbox: SandboxProcess, url: str, headers: dict[str, str]) -> httpx.Client:
    tls = ssl.create_default_context(cafile=str(sandbox.access.ca_file))
    return httpx.Client(base_url=url, headers=headers, verify=tls, trust_env=False, timeout=_TIMEOUT_SECONDS)


def _token(reply: httpx.Response) -> str:
    if reply.is_error:
        raise SandboxFailedError(f"expected a token, found {reply.status_code} from {reply.request.url.host}")
    token: str = reply.json()["access_token"]
    return token
