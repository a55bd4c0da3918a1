"""The policy of the second factor and people's authenticators through the vendor's management client."""

from __future__ import annotations

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import BadRequestError, NotFoundError

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.signin.otp import matching_step, new_secret, one_time_password, otpauth_uri

from .signing_in import Application, Browser, returned, types_logged

# The test values of RFC 6238, appendix B, for SHA-1; the last six of its eight digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("second", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_one_time_passwords_are_those_of_the_standard(second: int, code: str) -> None:
    assert one_time_password(SECRET, second // 30) == code


def test_a_code_is_taken_a_step_early_or_late_and_no_more(tenant: Tenant) -> None:
    now = tenant.clock()
    present = int(now.timestamp()) // 30

    found = [matching_step(SECRET, one_time_password(SECRET, present + off), now) for off in (-2, -1, 0, 1, 2)]

    assert found == [None, present - 1, present, present + 1, None]


def test_the_authenticator_reads_issuer_and_account() -> None:
    uri = otpauth_uri("ABCD", "crosswalk-sandbox", "ada@example.com")

    assert uri == (
        "otpauth://totp/crosswalk-sandbox:ada%40example.com"
        "?secret=ABCD&issuer=crosswalk-sandbox&algorithm=SHA1&digits=6&period=30"
    )


def test_the_policy_turns_the_second_factor_on(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    assert list(auth0.guardian.policies.list()) == []
    auth0.guardian.policies.set(request=["all-applications"])
    browser.open(shop.authorize_url())

    page = browser.log_in()

    assert page.url.path == "/u/mfa-otp-enrollment"
    with pytest.raises(BadRequestError):
        auth0.guardian.policies.set(request=["confidence-score"])
    auth0.guardian.policies.set(request=[])
    assert "code" in returned(browser.open(shop.authorize_url(prompt="login")) and browser.log_in())


def test_an_authenticator_is_listed_and_taken_away(auth0: ManagementClient, tenant: Tenant, ada_id: str) -> None:
    tenant.signin.enrollments.enroll(ada_id, new_secret(), tenant.clock())

    (enrollment,) = auth0.users.enrollments.get(ada_id)
    auth0.users.multifactor.delete_provider(ada_id, "google-authenticator")

    assert (enrollment.status, enrollment.auth_method) == ("confirmed", "authenticator")
    assert auth0.users.enrollments.get(ada_id) == []
    assert types_logged(tenant) == ["gd_unenroll"]
    with pytest.raises(NotFoundError):
        auth0.users.enrollments.get("auth0|nobody")


def test_the_secret_of_an_authenticator_is_shown_only_at_its_enrolment(
    auth0: ManagementClient, http: httpx.Client, token: str, tenant: Tenant, ada_id: str
) -> None:
    secret = new_secret()
    tenant.signin.enrollments.enroll(ada_id, secret, tenant.clock())

    shown = http.get(f"/api/v2/users/{ada_id}/enrollments", headers={"authorization": f"Bearer {token}"}).text

    assert secret not in shown
    assert secret not in repr(tenant.signin)
