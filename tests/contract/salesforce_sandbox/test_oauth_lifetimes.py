"""When codes, tokens, logins that wait and the patience with a user end, by a clock that the tests move."""

from datetime import timedelta
from typing import Any

import pytest

from crosswalk_sandbox.salesforce.oauth import ConnectedApp, TokenRefused
from crosswalk_sandbox.salesforce.oauth.codes import Authorization, Code, Codes
from crosswalk_sandbox.salesforce.oauth.refresh_tokens import RefreshTokens
from crosswalk_sandbox.salesforce.oauth.replies import token_reply
from crosswalk_sandbox.salesforce.oauth.web_flow import read_request

from .in_process import Clock, an_org
from .logins import CALLBACK

GRANT = Authorization("key", "005Hs0000000001IAA", ("api", "refresh_token"))


@pytest.mark.parametrize(
    ("policy", "uses_after_hours", "is_good"),
    [
        ("infinite", [24 * 400], True),
        ("zero", [0], False),
        ("specific_lifetime:2:DAYS", [24, 47], True),
        ("specific_lifetime:2:DAYS", [24, 48], False),
        ("specific_inactivity:12:HOURS", [11, 22, 33], True),
        ("specific_inactivity:12:HOURS", [11, 23], False),
    ],
)
def test_a_refresh_token_lives_as_long_as_its_apps_policy(
    policy: str, uses_after_hours: list[int], is_good: bool
) -> None:
    app = ConnectedApp(name="Shop", consumer_key="key", refresh_token_policy=policy)
    clock, tokens = Clock(), RefreshTokens()
    started = clock()
    _, token = tokens.start(GRANT, started)
    *earlier, last = uses_after_hours
    for hours in earlier:
        tokens.use(token, app, started + timedelta(hours=hours))

    if is_good:
        assert tokens.use(token, app, started + timedelta(hours=last))[1] is None
    else:
        with pytest.raises(TokenRefused, match="expired access/refresh token"):
            tokens.use(token, app, started + timedelta(hours=last))


def test_a_code_ends_after_a_quarter_of_an_hour() -> None:
    clock, codes = Clock(), Codes()
    in_time, too_late = (codes.issue(Code(GRANT, CALLBACK, "", clock())) for _ in range(2))

    clock.now += timedelta(minutes=15)
    assert codes.take(in_time, "key", clock()).authorization == GRANT
    clock.now += timedelta(seconds=1)
    with pytest.raises(TokenRefused, match="expired authorization code"):
        codes.take(too_late, "key", clock())


@pytest.mark.parametrize(
    ("app_settings", "minutes"),
    [
        ({}, 120),
        ({"jwt_tokens": True}, 30),
        ({"token_lifetime_s": 60}, 1),
        ({"jwt_tokens": True, "token_lifetime_s": 3600}, 60),
    ],
)
def test_an_access_token_lives_as_long_as_its_app_is_set_to(app_settings: dict[str, Any], minutes: int) -> None:
    clock = Clock()
    org = an_org(clock)
    app = org.oauth.apps.save({"name": "Shop", **app_settings})
    token = token_reply(org.oauth, app, GRANT)["access_token"]

    clock.now += timedelta(minutes=minutes, seconds=-1)
    assert org.sessions.is_valid(token)
    clock.now += timedelta(seconds=1)
    assert not org.sessions.is_valid(token)


def test_a_login_that_waits_ends_after_a_quarter_of_an_hour() -> None:
    clock = Clock()
    org = an_org(clock)
    app = org.oauth.apps.save({"name": "Shop", "callbacks": [CALLBACK]})
    request = {"client_id": app.consumer_key, "redirect_uri": CALLBACK, "response_type": "code"}

    source = org.oauth.pending_logins.start(read_request(org.oauth, request), "browser")

    assert org.oauth.pending_logins.find(source, "browser") is not None
    assert org.oauth.pending_logins.find(source, "another browser") is None
    clock.now += timedelta(minutes=15)
    assert org.oauth.pending_logins.find(source, "browser") is None


def test_a_user_logs_in_3600_times_an_hour_at_most() -> None:
    clock = Clock()
    org = an_org(clock)
    form = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}
    for _ in range(3_600):
        org.oauth.grant(form)

    clock.now += timedelta(minutes=59)
    with pytest.raises(TokenRefused, match="rate_limit_exceeded: login rate exceeded"):
        org.oauth.grant(form)
    clock.now += timedelta(minutes=1)
    assert org.sessions.is_valid(org.oauth.grant(form)["access_token"])


def test_sessions_that_have_ended_are_forgotten_in_time() -> None:
    clock = Clock()
    org = an_org(clock)
    app = org.oauth.apps.save({"name": "Shop", "token_lifetime_s": 60})
    for _ in range(1_000):
        token_reply(org.oauth, app, GRANT)
    clock.now += timedelta(seconds=60)

    newest = token_reply(org.oauth, app, GRANT)["access_token"]

    assert repr(org.sessions) == "Sessions(1)"
    assert org.sessions.is_valid(newest)
