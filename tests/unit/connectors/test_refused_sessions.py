"""A Pub/Sub API that refuses new sessions is asked ever more rarely, and as before once it takes one."""

import pytest

from crosswalk.connectors.errors import CredentialsRefused
from crosswalk.connectors.salesforce.pubsub.refused_sessions import RefusedSessions

REFUSED = CredentialsRefused("the Pub/Sub API", "UNAUTHENTICATED", "wrong organization", "Check the endpoint.")


def test_each_refusal_in_a_row_is_followed_by_twice_the_rest_up_to_five_minutes():
    now = 0.0
    sessions = RefusedSessions(lambda: now)
    rests = []
    for _ in range(8):
        sessions.check()
        sessions.refused(REFUSED)
        began = now
        while _rests(sessions):
            now += 1.0
        rests.append(now - began)

    sessions.check()
    sessions.accepted()
    sessions.refused(REFUSED)
    now += 5.0
    sessions.check()

    assert rests == [5, 10, 20, 40, 80, 160, 300, 300]


def test_the_refusal_is_told_again_meanwhile():
    sessions = RefusedSessions(lambda: 0.0)
    sessions.check()
    sessions.refused(REFUSED)

    with pytest.raises(CredentialsRefused, match="wrong organization"):
        sessions.check()


def _rests(sessions: RefusedSessions) -> bool:
    try:
        sessions.check()
    except CredentialsRefused:
        return True
    return False
