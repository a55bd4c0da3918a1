"""The tenant judged by npm auth0, the vendor's Node client; `auth0.test.mjs` lists what it does.

Its 6.x is the newest that has `AuthenticationClient` and `UserInfoClient`. Not exercised: passwordless logins, which
the tenant does not have, and pushed authorization requests.
"""

from pathlib import Path

from tests.forking import ForkedSandbox

from .conftest import RunNode


def test_npm_auth0_works_with_the_tenant(run_node: RunNode, tmp_path: Path) -> None:
    with ForkedSandbox(tmp_path) as process:
        access = process.access
        environment = {
            "AUTH0_DOMAIN": access.auth0.domain,
            "AUTH0_CLIENT_ID": access.auth0.client_id,
            "AUTH0_CLIENT_SECRET": access.auth0.client_secret,
            "NODE_EXTRA_CA_CERTS": str(access.ca_file),
            "CONTROL_URL": access.control_url,
        }

        report = run_node("auth0.test.mjs", environment)

    assert "# fail 0" in report
    assert "# pass 16" in report
