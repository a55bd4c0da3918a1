"""Which plans of a back-fill are kept, and that they come back as they were made."""

import zlib
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

import crosswalk
from crosswalk.domain.backfill import key_hash
from crosswalk.domain.evaluation import MatchKey
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Conflict, FieldError, Plan, Situation
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.engine.backfill import kept as backfill_kept
from crosswalk.engine.backfill.kept import keep, pack_plans, unpack_plans, with_kept
from crosswalk.engine.backfill.sides import AskedFor
from crosswalk.engine.planning import Planned
from crosswalk.store.claims import Claim
from tests.core_builders import a_place, a_record, an_identity

ADA, GRACE, IDA = UserId("auth0|ada"), UserId("auth0|grace"), UserId("auth0|ida")
NOW = datetime(2026, 2, 1, tzinfo=UTC)
KEY = MatchKey("email", "Contact", "Email", ("ada@example.com",), "ada@example.com")
ASKED = AskedFor((KEY,), (key_hash("ada@example.com"),))


def a_plan(user_id: UserId) -> Plan:
    """The user is linked with the record of the same address, which gets the user's id."""
    field = FieldWrite("Auth0_User_Id__c", None, user_id, Reason.LINKED, a_place())
    record = a_record(Email="ada@example.com", Visits__c=3, Score__c=0.5, Vip__c=None)
    write = RecordWrite(Action.UPDATE, "Contact", record.id, ("Auth0_User_Id__c", user_id), (field,))
    base = {"Email": "ada@example.com", "Vip__c": None}
    return Plan(user_id, Situation.MATCHED, "Contact", (write,), record, base, "email", settled="abc")


def planned(*plans: Plan) -> Planned:
    claims = tuple(Claim(plan.user_id, "Contact", "Id", "0030000000000001AAA") for plan in plans)
    accounts = {plan.user_id: (UserId("google-oauth2|1042"),) for plan in plans}
    return Planned({plan.user_id: plan for plan in plans}, {}, claims, {}, NOW, {ADA: {b"digest"}}, accounts=accounts)


def packed(users: list[Identity], plans: Planned) -> bytes:
    return pack_plans(
        [user.user_id for user in users], keep(users, users, plans, {user.user_id: ASKED for user in users})
    )


def test_a_plan_comes_back_as_it_was_made_with_what_has_to_be_claimed() -> None:
    before = planned(a_plan(ADA))

    [one] = unpack_plans(packed([an_identity()], before), 1)
    assert one is not None
    after = with_kept({ADA: one}, Planned({}, {}, (), {}, NOW))

    assert after.plans == {ADA: a_plan(ADA)}
    assert after.claims == (Claim(ADA, "Contact", "Id", "0030000000000001AAA"),)
    assert after.awaited == {ADA: (b"digest",)}
    assert one.accounts == (UserId("google-oauth2|1042"),)
    assert one.identity(an_identity().profile) == an_identity()


def test_what_a_kept_plan_has_no_place_for_is_planned_anew() -> None:
    torn = Plan(GRACE, Situation.AMBIGUOUS, conflict=Conflict(Situation.AMBIGUOUS, "email", (), "two of them"))
    waits = replace(a_plan(IDA), in_the_way=(RecordId("0030000000000002AAA"),))
    users = [an_identity(), an_identity(GRACE), an_identity(IDA)]

    kept = unpack_plans(packed(users, planned(a_plan(ADA), torn, waits)), 3)

    assert [each is not None for each in kept] == [True, False, False]


def test_who_was_planned_for_in_a_newer_state_than_was_read_is_planned_for_anew() -> None:
    read, newer = an_identity(), an_identity(email="new@example.com")

    assert keep([read], [newer], planned(a_plan(ADA)), {ADA: ASKED}) == {}


def a_plan_to_create(user_id: UserId) -> Plan:
    """The user gets a new record, of which one field has no usable value."""
    fields = tuple(
        FieldWrite(name, None, value, Reason.CREATED, a_place())
        for name, value in (("Email", "grace@example.com"), ("Visits__c", 0), ("Score__c", 1.5), ("Vip__c", False))
    )
    write = RecordWrite(Action.CREATE, "Contact", None, ("Auth0_User_Id__c", user_id), fields)
    error = FieldError(user_id, "Contact", "Phone", a_place(), "expected a telephone number")
    base = {"Email": "grace@example.com", "Visits__c": 0, "Score__c": 1.5, "Vip__c": False}
    return Plan(user_id, Situation.NO_MATCH, "Contact", (write,), None, base, "created", (error,))


def test_plans_of_every_kind_come_back_each_at_the_place_of_its_user() -> None:
    plans = [a_plan(ADA), a_plan_to_create(GRACE), replace(a_plan(IDA), writes=(), settled="")]
    nobody = UserId("auth0|nobody")
    users = [an_identity(), an_identity(nobody), an_identity(GRACE), an_identity(IDA)]

    back = unpack_plans(packed(users, planned(*plans)), 4)

    assert [None if one is None else one.plan for one in back] == [plans[0], None, plans[1], plans[2]]
    assert back == [
        keep(users, users, planned(*plans), {user.user_id: ASKED for user in users}).get(user.user_id) for user in users
    ]
    assert [type(value) for value in back[2].base.values()] == [str, int, float, bool] if back[2] else False


def test_of_another_number_of_users_nothing_was_kept() -> None:
    assert unpack_plans(packed([an_identity()], planned(a_plan(ADA))), 2) == [None, None]


def test_what_was_kept_in_the_form_of_before_is_left_aside() -> None:
    rows = (crosswalk.__version__, ((ADA, "matched", "Contact", (), None, {}, "email", (), "", ("", "", "")),))

    assert unpack_plans(zlib.compress(msgspec.msgpack.encode(rows), 1), 1) == [None]


def test_another_version_may_plan_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    text = packed([an_identity()], planned(a_plan(ADA)))
    monkeypatch.setattr(backfill_kept, "_MADE_BY", "0.0.0/1")

    assert unpack_plans(text, 1) == [None]
    assert unpack_plans(b"", 2) == [None, None]
