"""The admin token, sessions, CSRF tokens and the throttle, with clocks of the test's own."""

import pytest

from crosswalk.api.security import AdminAccess, Throttle, WeakAdminToken
from crosswalk.connectors.secret import Secret

TOKEN = "correct-horse-battery-staple"
TWELVE_HOURS = 12 * 3600


class Clock:
    """Time that only moves when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(clock: Clock) -> AdminAccess:
    return AdminAccess(Secret(TOKEN), clock=clock, monotonic=clock)


def test_only_the_admin_token_is_the_admin_token(access: AdminAccess) -> None:
    assert access.is_admin_token(TOKEN)


@pytest.mark.parametrize("guess", ["", " ", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ключ", "\ud800", "\0"])
def test_anything_else_is_refused(access: AdminAccess, guess: str) -> None:
    assert not access.is_admin_token(guess)


def test_a_short_token_is_refused_without_being_told() -> None:
    with pytest.raises(WeakAdminToken, match="has 5 characters, at least 16 are needed") as refusal:
        AdminAccess(Secret("s3cr3"))

    assert "s3cr3" not in str(refusal.value)


def test_a_session_is_recognised_by_its_cookie(access: AdminAccess) -> None:
    session, cookie = access.open_session()

    assert access.session(cookie) == session


def test_a_cookie_never_contains_the_token(access: AdminAccess) -> None:
    _, cookie = access.open_session()

    assert TOKEN not in cookie


def test_a_session_ends_after_twelve_hours(access: AdminAccess, clock: Clock) -> None:
    _, cookie = access.open_session()

    clock.now += TWELVE_HOURS - 1
    assert access.session(cookie) is not None
    clock.now += 1
    assert access.session(cookie) is None


def test_a_cookie_with_a_later_expiry_is_forged(access: AdminAccess) -> None:
    _, cookie = access.open_session()
    expiry, nonce, signature = cookie.split(".")

    assert access.session(f"{int(expiry) + 1}.{nonce}.{signature}") is None


@pytest.mark.parametrize(
    "cookie", [None, "", ".", "..", "...", "1.2.3", "x.y.z", "²³.n.s", "-1.n.s", f"{'9' * 40}.n.s", "1800000001.é.é"]
)
def test_nonsense_is_no_session(access: AdminAccess, cookie: str | None) -> None:
    assert access.session(cookie) is None


def test_another_admin_token_ends_every_session(access: AdminAccess, clock: Clock) -> None:
    _, cookie = access.open_session()
    renewed = AdminAccess(Secret("another-long-enough-token"), clock=clock)

    assert renewed.session(cookie) is None


def test_a_closed_session_stays_closed(access: AdminAccess) -> None:
    session, cookie = access.open_session()
    other, other_cookie = access.open_session()

    access.close_session(session)

    assert access.session(cookie) is None
    assert access.session(other_cookie) == other


def test_a_csrf_token_holds_for_its_own_session_alone(access: AdminAccess) -> None:
    mine, _ = access.open_session()
    yours, _ = access.open_session()

    assert access.is_csrf_token(mine.nonce, access.csrf_token(mine.nonce))
    assert not access.is_csrf_token(mine.nonce, access.csrf_token(yours.nonce))
    assert not access.is_csrf_token(mine.nonce, "")
    assert not access.is_csrf_token("", access.csrf_token(""))


def test_a_session_signature_is_no_csrf_token(access: AdminAccess) -> None:
    session, cookie = access.open_session()

    assert not access.is_csrf_token(f"{session.expires_at}.{session.nonce}", cookie.split(".")[2])


def test_the_throttle_lets_a_few_through_then_makes_the_address_wait(clock: Clock) -> None:
    throttle = Throttle(3, 60.0, clock)
    for _ in range(3):
        assert throttle.wait_s("192.0.2.1") == 0
        throttle.count_wrong("192.0.2.1")
        clock.now += 10

    assert throttle.wait_s("192.0.2.1") == 30.0
    assert throttle.wait_s("192.0.2.2") == 0


def test_the_throttle_forgets_after_the_window(clock: Clock) -> None:
    throttle = Throttle(1, 60.0, clock)
    throttle.count_wrong("192.0.2.1")

    clock.now += 60

    assert throttle.wait_s("192.0.2.1") == 0


def test_the_throttle_remembers_a_bounded_number_of_addresses(clock: Clock) -> None:
    throttle = Throttle(1, 60.0, clock)

    for number in range(10_001):
        throttle.count_wrong(str(number))

    assert throttle.wait_s("0") == 0
    assert throttle.wait_s("1") == 60.0
