"""Many events fold into one hint for each identity, whatever their order."""

import itertools
import json

from crosswalk.domain.event import Disposition
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import UserId
from crosswalk.engine.states import fold, gone, newer
from tests.unit.engine.builders import a_hint, a_state

ADA = UserId("auth0|1")


def company_of(identity: Identity | None) -> str:
    assert identity is not None
    company: str = json.loads(identity.profile)["user_metadata"]["company"]
    return company


def test_the_newest_state_wins_in_every_order():
    events = [a_state(1, at_s=0, company="A"), a_state(2, at_s=2, company="C"), a_state(3, at_s=1, company="B")]

    for order in itertools.permutations(events):
        hint = fold(order)[ADA]
        assert (company_of(hint.newest), hint.must_read, hint.seq) == ("C", False, 3)


def test_states_of_the_same_moment_have_one_winner_in_every_order():
    events = [a_state(1, company="A"), a_state(2, company="B")]

    assert {company_of(fold(order)[ADA].newest) for order in itertools.permutations(events)} == {"B"}


def test_an_event_without_state_asks_for_a_read_only_when_it_is_newer():
    newer_log = fold([a_state(1, at_s=5), a_hint(2, Disposition.CHANGED, at_s=6)])[ADA]
    older_log = fold([a_state(1, at_s=5), a_hint(2, Disposition.CHANGED, at_s=4)])[ADA]
    only_log = fold([a_hint(2, Disposition.CHANGED, at_s=4)])[ADA]

    assert (newer_log.must_read, older_log.must_read, only_log.must_read) == (True, False, True)


def test_a_late_update_does_not_bring_a_deleted_user_back():
    hint = fold([a_hint(1, Disposition.DELETED, at_s=9), a_state(2, at_s=5)])[ADA]

    assert hint.newest is not None
    assert hint.newest.deleted


def test_a_user_signed_up_again_after_the_deletion_is_alive():
    hint = fold([a_hint(1, Disposition.DELETED, at_s=9), a_state(2, at_s=10)])[ADA]

    assert hint.newest is not None
    assert not hint.newest.deleted


def test_each_identity_has_a_hint_of_its_own():
    hints = fold([a_state(1, "auth0|1"), a_state(2, "auth0|2"), a_state(3, "auth0|1", at_s=1)])

    assert {user_id: hint.seq for user_id, hint in hints.items()} == {"auth0|1": 3, "auth0|2": 2}


def test_a_deletion_keeps_the_last_profile_that_is_known():
    stored = Identity(ADA, b'{"user_id":"auth0|1"}', StateVersion("2026-02-01T12:00:00.000000Z", ""))

    kept = newer(stored, gone(ADA, "2026-02-01T13:00:00.000000Z"))

    assert (kept.deleted, kept.profile) == (True, b'{"user_id":"auth0|1"}')


def test_an_older_state_never_replaces_a_newer_one():
    stored = Identity(ADA, b"{}", StateVersion("2026-02-01T12:00:01.000000Z", ""))
    older = Identity(ADA, b"{}", StateVersion("2026-02-01T12:00:00.000000Z", "z"))

    assert newer(stored, older) is stored
