"""Logins over SOAP, as older scripts do them, and the session that they get."""

import httpx
import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.oauth.users import DEFAULT_PASSWORD, SECURITY_TOKEN

from .builders import API, a_lead
from .logins import ADA, a_user, bearer
from .rerouted import rerouted_to

LOGOUT = (
    '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header>'
    '<SessionHeader xmlns="urn:partner.soap.sforce.com"><sessionId>{token}</sessionId></SessionHeader></se:Header>'
    '<se:Body><logout xmlns="urn:partner.soap.sforce.com"/></se:Body></se:Envelope>'
)


@pytest.fixture
def rerouted(sandbox: SandboxProcess, requests_session: requests.Session) -> requests.Session:
    return rerouted_to(sandbox.access.salesforce.instance_url, requests_session)


def test_independent_client_logs_in_with_password_and_security_token(
    sandbox: SandboxProcess, rerouted: requests.Session
) -> None:
    ada_id = a_user(sandbox)

    org = Salesforce(username=ADA, password=DEFAULT_PASSWORD, security_token=SECURITY_TOKEN, session=rerouted)

    lead = org.Lead.create(a_lead())
    assert org.Lead.get(lead["id"])["CreatedById"] == ada_id


def test_independent_client_logs_in_from_a_trusted_address(sandbox: SandboxProcess, rerouted: requests.Session) -> None:
    a_user(sandbox)
    sandbox.administer("passwords", username=ADA, password="<her> & own")

    org = Salesforce(username=ADA, password="<her> & own", organizationId="00D000000000001", session=rerouted)

    assert org.query("SELECT Id FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    ("username", "password", "security_token"),
    [
        (ADA, "guess", ""),
        (ADA, DEFAULT_PASSWORD, "WrongToken"),
        ("nobody@example.com", DEFAULT_PASSWORD, SECURITY_TOKEN),
        ("", "", ""),
    ],
)
def test_a_wrong_login_is_refused_in_the_vendors_words(
    sandbox: SandboxProcess, rerouted: requests.Session, username: str, password: str, security_token: str
) -> None:
    a_user(sandbox)

    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        Salesforce(username=username, password=password, security_token=security_token, session=rerouted)

    words = "Invalid username, password, security token; or user locked out."
    assert str(caught.value) == f"Authentication failed (code: INVALID_LOGIN): {words}"


def test_logout_ends_the_session(sandbox: SandboxProcess, rerouted: requests.Session, anonymous: httpx.Client) -> None:
    a_user(sandbox)
    token = Salesforce(username=ADA, password=DEFAULT_PASSWORD, security_token="", session=rerouted).session_id
    assert anonymous.get(f"{API}/limits", headers=bearer(token)).status_code == 200

    ended, again = (anonymous.post("/services/Soap/u/62.0", content=LOGOUT.format(token=token)) for _ in range(2))

    assert (ended.status_code, "<logoutResponse/>" in ended.text) == (200, True)
    assert (again.status_code, "<sf:exceptionCode>INVALID_SESSION_ID<" in again.text) == (500, True)
    assert anonymous.get(f"{API}/limits", headers=bearer(token)).status_code == 401


def test_other_soap_calls_are_refused_with_what_to_do(anonymous: httpx.Client) -> None:
    reply = anonymous.post("/services/Soap/u/62.0/00D000000000001", content="<query/>")

    assert reply.status_code == 500
    assert "use the REST API for anything else" in reply.text
    assert anonymous.post("/services/Soap/x/62.0", content="<query/>").status_code == 404
