"""Look-ups against the sandbox org: what is found however it is written, and what it costs."""

import pytest
from simple_salesforce import Salesforce

from crosswalk.connectors.errors import CallRefused
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.look_up import LookUp, SearchedPart
from crosswalk.domain.match_rule import MatchPart, MatchRule, Normalisation
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, ValueType
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.matching.look_ups import look_ups
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.reconcile.unlinked import plan_all_unlinked
from crosswalk_sandbox.process import SandboxProcess
from tests.contract.connectors.test_salesforce_connector import other_client
from tests.core_builders import BY_EMAIL, BY_ID, a_field, a_place, a_rule, a_sync, a_target, an_identity

KEY = "Auth0_User_Id__c"
PLACE = Place("crosswalk.yaml", 1)
BY_PHONE = a_rule("phone", ("MobilePhone", "Phone"), "user.phone", ValueType.PHONE)


@pytest.fixture
def crm(sandbox: SandboxProcess) -> Salesforce:
    """Somebody who makes records by hand, without any user's id."""
    return other_client(sandbox)


def create(crm: Salesforce, object_name: str, **fields: FieldValue) -> str:
    values = {"LastName": "Ito"} | ({"Company": "Ito Ltd"} if object_name == "Lead" else {}) | fields
    created: dict[str, str] = getattr(crm, object_name).create(values)
    return created["id"]


async def looked_up(
    org: SalesforceClient, definition: SyncDefinition, identities: list[Identity]
) -> tuple[list[Plan], int]:
    """What would be done for the identities, and how many calls it took to find out."""
    sync = CompiledSync(definition, default_region="US")
    evaluations = sync.evaluate(identities)
    select = {target.object: tracked_fields(target) for target in definition.targets}
    wanted = look_ups(evaluations, sync.rules, select, {})
    before = org.calls
    found = dict(zip(wanted, await org.look_up(list(wanted.values())), strict=True))
    calls = org.calls - before
    return list(plan_all_unlinked(sync, evaluations, found, {}, {}).values()), calls


@pytest.mark.parametrize("written", ["(212) 555-0100", "212.555.0100", "+1 212-555-0100", "12125550100"])
async def test_a_number_is_found_however_it_is_written(org: SalesforceClient, crm: Salesforce, written: str):
    record_id = create(crm, "Contact", Phone=written)
    definition = a_sync(a_target(a_field("LastName", "user.name"), match=(BY_PHONE,)))

    [plan], _ = await looked_up(org, definition, [an_identity("auth0|1", phone="+12125550100")])

    assert (plan.situation, plan.record and plan.record.id) == (Situation.MATCHED, record_id)


async def test_a_key_of_several_parts_is_found_and_its_mixtures_are_not(org: SalesforceClient, crm: Salesforce):
    parts = (
        MatchPart(("LastName",), "user.family_name", ValueType.TEXT, Normalisation(accents=True)),
        MatchPart(("MailingPostalCode", "OtherPostalCode"), "user.postcode", ValueType.TEXT),
    )
    definition = a_sync(a_target(match=(MatchRule("name and place", parts, a_place()),)))
    right = create(crm, "Contact", LastName="MULLER", OtherPostalCode="10117")
    create(crm, "Contact", LastName="Müller", MailingPostalCode="80331")
    identities = [
        an_identity("auth0|1", family_name="Müller", postcode="10117"),
        an_identity("auth0|2", family_name="O'Neill", postcode="80331"),
    ]

    [muller, oneill], calls = await looked_up(org, definition, identities)

    assert (muller.record and muller.record.id, oneill.record, calls) == (right, None, 1)


async def test_a_date_is_looked_for_without_quotation_marks(org: SalesforceClient, crm: Salesforce):
    record_id = create(crm, "Contact", LastName="Lovelace", Birthdate="1815-12-10")
    parts = (
        MatchPart(("LastName",), "user.family_name", ValueType.TEXT),
        MatchPart(("Birthdate",), "user.birthdate", ValueType.DATE),
    )
    definition = a_sync(a_target(match=(MatchRule("name and birth", parts, a_place()),)))

    [plan], _ = await looked_up(
        org, definition, [an_identity("auth0|1", family_name="Lovelace", birthdate="1815-12-10")]
    )

    assert plan.record is not None
    assert plan.record.id == record_id


async def test_a_contact_is_preferred_to_a_lead_and_a_converted_lead_is_nobody(org: SalesforceClient, crm: Salesforce):
    create(crm, "Lead", Email="ada@example.com")
    contact = create(crm, "Contact", Email="ADA@example.com")
    definition = a_sync(a_target(match=(BY_EMAIL,)), a_target(object_="Lead", match=(BY_EMAIL,)))

    [plan], calls = await looked_up(
        org, definition, [an_identity("auth0|1", email="ada@example.com", email_verified=True)]
    )

    assert (plan.record and plan.record.id, calls) == (contact, 1)


async def test_a_thousand_unknown_users_by_two_rules_cost_two_calls(org: SalesforceClient, crm: Salesforce):
    known = create(crm, "Contact", Email="p777@example.com")
    identities = [
        an_identity(f"auth0|{number:024x}", email=f"p{number}@example.com", email_verified=True)
        for number in range(1000)
    ]

    plans, calls = await looked_up(org, a_sync(a_target(match=(BY_ID, BY_EMAIL))), identities)

    assert calls == 2
    assert [plan.record.id for plan in plans if plan.record is not None] == [known]


async def test_a_thousand_telephone_numbers_in_all_their_forms_cost_two_calls(org: SalesforceClient, crm: Salesforce):
    known = create(crm, "Contact", MobilePhone="(212) 555-0777")
    identities = [an_identity(f"auth0|{number:024x}", phone=f"+1212555{number:04d}") for number in range(1000)]

    plans, calls = await looked_up(org, a_sync(a_target(match=(BY_PHONE,))), identities)

    assert calls <= 2
    assert [plan.record.id for plan in plans if plan.record is not None] == [known]


async def test_more_than_a_page_of_records_is_read_to_its_end(org: SalesforceClient):
    written = (FieldWrite("LastName", None, "Ito", Reason.CREATED, PLACE),)
    await org.write(
        [RecordWrite(Action.CREATE, "Contact", None, (KEY, f"auth0|{number}"), written) for number in range(2100)]
    )
    by_name = LookUp("Contact", ("LastName",), (SearchedPart(("LastName",)),), ((("Ito",),),))
    by_other = LookUp("Contact", ("LastName",), (SearchedPart(("LastName",)),), ((("Nobody",),),))

    ito, nobody = await org.look_up([by_name, by_other])

    assert (len({record.id for record in ito}), nobody) == (2100, [])
    assert {record.fields["LastName"] for record in ito} == {"Ito"}


async def test_a_query_that_the_org_refuses_is_told_in_its_words(org: SalesforceClient):
    good = LookUp("Contact", ("LastName",), (SearchedPart(("LastName",)),), ((("Ito",),),))
    bad = LookUp("Contact", ("Nonsense__c",), (SearchedPart(("LastName",)),), ((("Ito",),),))

    with pytest.raises(CallRefused, match="Nonsense__c") as caught:
        await org.look_up([good, bad])

    assert (caught.value.code, caught.value.status) == ("INVALID_FIELD", 400)


async def test_no_keys_are_no_call(org: SalesforceClient):
    nothing = LookUp("Contact", ("LastName",), (SearchedPart(("LastName",)),), ())

    found: list[list[Record]] = await org.look_up([nothing])

    assert (found, org.calls) == ([[]], 0)
