"""The org's logins judged by jsforce 3 and by openid-client; the `.test.mjs` files list what they exercise."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.forking import ForkedSandbox

from .conftest import RunNode

CALLBACK = "https://shop.example/callback"
ADA = {
    "Username": "ada@example.com",
    "Email": "ada@example.com",
    "FirstName": "Ada",
    "LastName": "Byron",
    "Alias": "ada",
    "TimeZoneSidKey": "GMT",
    "LocaleSidKey": "en_US",
    "LanguageLocaleKey": "en_US",
    "EmailEncodingKey": "UTF-8",
    "ProfileId": "00eHs0000000001IAA",
}


@pytest.fixture(scope="module")
def login_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a Node process needs to log Ada in to a fresh org with four connected apps."""
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        org = process.access.salesforce
        process.administer("save", object="User", fields=ADA)
        process.administer("passwords", username="ada@example.com", password="Difference-Engine-1")
        key = load_pem_private_key(org.private_key_file.read_bytes(), password=None).public_key()
        certificate = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        common = {"callbacks": [CALLBACK], "logout_urls": ["https://shop.example/bye"]}
        web = process.administer("connected-apps", name="Web", **common)
        rotating = process.administer(
            "connected-apps", name="Rotating", rotate_refresh_tokens=True, certificate=certificate, **common
        )
        flows = ["authorization_code", "password"]
        tokens = process.administer("connected-apps", name="Tokens", jwt_tokens=True, flows=flows, **common)
        open_to_all = {"require_secret": False, "require_secret_for_refresh": False, "require_pkce": True}
        public = process.administer("connected-apps", name="Browser", **open_to_all, **common)
        yield {
            "ORG_URL": org.instance_url,
            "CONTROL_URL": process.access.control_url,
            "NODE_EXTRA_CA_CERTS": str(process.access.ca_file),
            "PRIVATE_KEY_FILE": str(org.private_key_file),
            "USERNAME": "ada@example.com",
            "PASSWORD": "Difference-Engine-1",
            "CLIENT_ID": web["consumer_key"],
            "CLIENT_SECRET": web["consumer_secret"],
            "ROTATING_ID": rotating["consumer_key"],
            "ROTATING_SECRET": rotating["consumer_secret"],
            "JWT_ID": tokens["consumer_key"],
            "JWT_SECRET": tokens["consumer_secret"],
            "PUBLIC_ID": public["consumer_key"],
        }


def test_jsforce_logs_in_to_the_org(run_node: RunNode, login_environment: dict[str, str]) -> None:
    report = run_node("jsforce_login.test.mjs", login_environment)

    assert "# fail 0" in report
    assert "# pass 12" in report


def test_openid_client_logs_in_to_the_org(run_node: RunNode, login_environment: dict[str, str]) -> None:
    report = run_node("openid_client_org.test.mjs", login_environment)

    assert "# fail 0" in report
    assert "# pass 10" in report
