"""What an identity waits for, and which records have it: made by the same rules, so that they meet."""

from crosswalk.domain.ids import RecordId
from crosswalk.domain.match_rule import Normalisation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, ValueType
from crosswalk.matching.awaited import awaited_by, in_the_way, judged_fields, offered_by, stirred_by
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import BY_EMAIL, BY_ID, EXTERNAL_ID, a_rule, a_sync, a_target, an_identity

PHONE = a_rule("phone", ("Phone", "MobilePhone"), "user.phone_number", ValueType.PHONE)
NUMBER = a_rule(
    "customer_number",
    "Customer_Number__c",
    "user.app_metadata?.customer",
    normalisation=Normalisation(spaces=True),
    where="record.Country === 'DE'",
)
SYNC = CompiledSync(a_sync(a_target(match=(BY_ID, BY_EMAIL, PHONE, NUMBER))), default_region="US")
RULES = {"Contact": SYNC.rules[0]}
JUDGED = {"Contact": judged_fields(SYNC.definition.targets[0])}


def a_contact(**fields: FieldValue) -> Record:
    return Record("Contact", RecordId("003000000000001AAA"), fields)


def awaited(**profile: object) -> set[bytes]:
    identity = an_identity(**profile)
    return awaited_by(SYNC.rules, SYNC.evaluate([identity]))[identity.user_id]


def test_an_identity_waits_for_every_key_that_it_has_but_its_own_id() -> None:
    assert len(awaited(email="ada@example.com", phone_number="+12125550100")) == 2
    assert awaited() == set()


def test_a_key_that_is_not_verified_is_waited_for_as_well() -> None:
    assert len(awaited(email="ada@example.com", email_verified=False)) == 1


def test_a_record_offers_a_number_however_it_is_written_and_in_whichever_field() -> None:
    wanted = awaited(phone_number="+12125550100")

    assert wanted <= offered_by(SYNC.rules[0], a_contact(Phone="(212) 555-0100"))
    assert wanted <= offered_by(SYNC.rules[0], a_contact(Phone="+49 30 1234567", MobilePhone="212.555.0100"))
    assert not wanted & offered_by(SYNC.rules[0], a_contact(Phone="(212) 555-0199"))


def test_a_record_offers_a_pair_of_ones_own_as_the_rule_compares_it() -> None:
    assert awaited(app_metadata={"customer": "C 1 042"}) <= offered_by(
        SYNC.rules[0], a_contact(Customer_Number__c="c1042")
    )


def test_a_filtered_identity_waits_for_nothing() -> None:
    sync = CompiledSync(a_sync(a_target(match=(BY_ID, BY_EMAIL)), filter_="user.email_verified"))
    identity = an_identity(email="ada@example.com", email_verified=False)

    assert awaited_by(sync.rules, sync.evaluate([identity])) == {identity.user_id: set()}


def test_what_is_judged_of_a_record_are_its_keys_and_the_conditions_on_it() -> None:
    assert JUDGED["Contact"] == {"Email", "Phone", "MobilePhone", "Customer_Number__c", "Country", "IsConverted"}


def test_a_linked_record_that_changes_stirs_who_waits_for_its_old_and_its_new_keys() -> None:
    before = a_contact(Email="old@example.com", Title="Ms")
    stirred = stirred_by(RULES, JUDGED, before, a_contact(Email="new@example.com", Title="Ms"))

    assert awaited(email="old@example.com") <= stirred
    assert awaited(email="new@example.com") <= stirred
    assert in_the_way(before.id) in stirred


def test_a_linked_record_that_changes_in_what_no_rule_looks_at_stirs_nobody() -> None:
    before = a_contact(Email="ada@example.com", Title="Ms", **{EXTERNAL_ID: None})
    after = a_contact(Email="ada@example.com", Title="Dr", **{EXTERNAL_ID: "auth0|1"})

    assert stirred_by(RULES, JUDGED, before, after) == set()


def test_a_record_that_is_linked_or_let_go_stirs_who_found_it_in_the_way() -> None:
    contact = a_contact(Email="ada@example.com")

    assert stirred_by(RULES, JUDGED, None, contact) == {in_the_way(contact.id)}
    assert stirred_by(RULES, JUDGED, contact, None) == {in_the_way(contact.id)}
    assert stirred_by(RULES, JUDGED, None, None) == set()
