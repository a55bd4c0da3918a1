"""Environment variables that let the vendors' own tools and SDKs find the sandbox and trust it.

`AUTH0_*` are what auth0-deploy-cli, the vendor's Terraform provider and its web SDKs read. `SF_AUDIENCE_URL` and
`SF_ORG_INSTANCE_URL` are the Salesforce CLI's; neither simple-salesforce nor jsforce reads any, and the other names are
those that their users commonly choose. `NODE_EXTRA_CA_CERTS` adds an authority in Node; `SSL_CERT_FILE` (OpenSSL,
httpx), `REQUESTS_CA_BUNDLE` (requests), `CURL_CA_BUNDLE` and `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` (gRPC) replace the
trusted ones, which is why they get a bundle with the public ones in it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosswalk_sandbox.access import Auth0Access, SalesforceAccess, read_access
from crosswalk_sandbox.tls import write_private


def environment(ready_line: Mapping[str, Any]) -> dict[str, str]:
    """The variables for a running sandbox.

    Parameters
    ----------
    ready_line
        What the sandbox says about itself.

    Returns
    -------
    dict[str, str]
        Variables of the first tenant and the first org under their plain names, those of further ones with `_2`, `_3`
        and so on at the end.
    """
    found: dict[str, str] = {}
    for number, tenant in enumerate(ready_line["tenants"].values(), start=1):
        found |= _numbered(tenant_variables(read_access(tenant, Auth0Access)), number)
    for number, org in enumerate(ready_line["orgs"].values(), start=1):
        found |= _numbered(org_variables(read_access(org, SalesforceAccess)), number)
    return {
        **found,
        **trust_variables(Path(ready_line["ca_file"]), Path(ready_line["ca_bundle_file"])),
        "CROSSWALK_SANDBOX_CONTROL_URL": str(ready_line["control_url"]),
    }


def tenant_variables(tenant: Auth0Access) -> dict[str, str]:
    """What finds one tenant."""
    return {
        "AUTH0_DOMAIN": tenant.domain,
        "AUTH0_CLIENT_ID": tenant.client_id,
        "AUTH0_CLIENT_SECRET": tenant.client_secret,
        "AUTH0_AUDIENCE": f"https://{tenant.domain}/api/v2/",
        "AUTH0_ISSUER_BASE_URL": f"https://{tenant.domain}",
    }


def org_variables(org: SalesforceAccess) -> dict[str, str]:
    """What finds one org."""
    return {
        "SF_ORG_INSTANCE_URL": org.instance_url,
        "SF_AUDIENCE_URL": org.instance_url,
        "SF_LOGIN_URL": org.instance_url,
        "SALESFORCE_INSTANCE_URL": org.instance_url,
        "SALESFORCE_CLIENT_ID": org.client_id,
        "SALESFORCE_CLIENT_SECRET": org.client_secret,
        "SALESFORCE_USERNAME": org.username,
        "SALESFORCE_PRIVATE_KEY_FILE": str(org.private_key_file.resolve()),
        "SALESFORCE_ORGANIZATION_ID": org.organization_id,
        "SALESFORCE_PUBSUB_ENDPOINT": org.pubsub_endpoint,
    }


def trust_variables(ca_file: Path, ca_bundle_file: Path) -> dict[str, str]:
    """What lets a program trust the sandbox."""
    bundle = str(ca_bundle_file.resolve())
    return {
        "NODE_EXTRA_CA_CERTS": str(ca_file.resolve()),
        "SSL_CERT_FILE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": bundle,
    }


def environment_lines(variables: Mapping[str, str]) -> list[str]:
    """`NAME=value` lines as a shell and dotenv readers take them."""
    return [f"{name}={_quoted(value)}" for name, value in variables.items()]


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write the lines to a file that only its owner can read, for there are secrets in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, ("\n".join(environment_lines(variables)) + "\n").encode())


def _numbered(variables: dict[str, str], number: int) -> dict[str, str]:
    return variables if number == 1 else {f"{name}_{number}": value for name, value in variables.items()}


def _quoted(value: str) -> str:
    """The value, in single quotes where a shell would read it otherwise."""
    is_plain = value and all(char.isalnum() or char in "._-:/@+=," for char in value)
    return value if is_plain else "'" + value.replace("'", "'\\''") + "'"
