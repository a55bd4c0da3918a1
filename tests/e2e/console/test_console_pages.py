"""What the pages show of what the hub did."""

import re
from html import unescape

import httpx
import pytest

from crosswalk.domain.event import Source
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.store.database import Database
from crosswalk.store.problems import ProblemKind
from tests.console_scene import ADA, SYNC, Scene, a_definition, a_profile, console_app
from tests.e2e.console.client import client_of, log_in

HOSTILE = "<script>alert('x')</script>"


def text_of(page: str) -> str:
    """What a reader sees: no tags, single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def card(page: str, name: str) -> str:
    """The text of one sync's card."""
    return text_of(page.split(f'id="sync-{name}"')[1].split("</article>", maxsplit=1)[0])


async def test_an_empty_hub_tells_what_to_do_next(admin: httpx.AsyncClient) -> None:
    text = text_of((await admin.get("/console")).text)

    assert "No event has arrived yet. Sign somebody up in the tenant" in text
    assert "Nothing has been written yet." in text
    assert "Open problems" not in text


async def test_a_quiet_sync_is_idle(admin: httpx.AsyncClient) -> None:
    text = card((await admin.get("/console")).text, SYNC)

    assert "customers Idle" in text
    assert "prod-eu acme-prod.eu.auth0.com" in text
    assert "sales acme.my.salesforce.com" in text
    assert "Linked 0 Waiting 0 Lag p50 – Lag p99 –" in text
    assert "API usage: shown after the first call to the org" in text


async def test_a_waiting_event_makes_a_sync_work(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.event("evt_1")

    text = card((await admin.get("/console")).text, SYNC)

    assert "customers Working" in text
    assert "Waiting 1" in text


async def test_a_postponed_event_makes_a_sync_retry(admin: httpx.AsyncClient, scene: Scene, database: Database) -> None:
    await scene.event("evt_1")
    async with database.transaction() as connection:
        await connection.execute("UPDATE due SET attempts = 2")

    page = (await admin.get("/console")).text

    assert "customers Retrying" in card(page, SYNC)
    assert "Waiting 1 1 retrying" in card(page, SYNC)


async def test_an_open_problem_needs_attention_and_shows_the_vendors_words(
    admin: httpx.AsyncClient, scene: Scene
) -> None:
    await scene.problem("Company: this value is on the list of blocked companies")

    page = (await admin.get("/console")).text

    assert "customers Needs attention" in card(page, SYNC)
    assert "1 dead letter" in card(page, SYNC)
    assert "Company: this value is on the list of blocked companies" in text_of(page)
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in page


async def test_a_problem_that_is_being_retried_needs_nobody(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.problem("unable to obtain exclusive access", kind=ProblemKind.RETRYING, code="UNABLE_TO_LOCK_ROW")

    assert "customers Retrying" in card((await admin.get("/console")).text, SYNC)


async def test_api_usage_is_a_labelled_meter(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.usage(81_420, 100_000)

    page = (await admin.get("/console")).text

    assert 'max="100000" value="81420"' in page
    assert "API calls in 24 h" in card(page, SYNC)
    assert "81.4k of 100k" in card(page, SYNC)


async def test_the_newest_drift_check_is_told_with_what_it_left(admin: httpx.AsyncClient, scene: Scene) -> None:
    assert "Drift check" not in card((await admin.get("/console")).text, SYNC)

    await scene.drift_check(differing=1200, repaired=1000)
    assert "identities differ, 1,000 handed to a repair 200 left" in card((await admin.get("/console")).text, SYNC)

    await scene.drift_check(differing=0, repaired=0)
    assert "both sides are in step" in card((await admin.get("/console")).text, SYNC)

    await scene.drift_check(differing=0, repaired=0, error="Unreachable")
    assert "Failed Unreachable" in card((await admin.get("/console")).text, SYNC)


async def test_lag_is_measured_from_received_to_finished(
    admin: httpx.AsyncClient, scene: Scene, database: Database
) -> None:
    for number in range(4):
        await scene.event(f"evt_{number}", outcome="written")
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE due SET received_at = finished_at - make_interval(secs => CASE seq WHEN (SELECT min(seq) FROM due) "
            "THEN 2 ELSE 0.1 END)"
        )

    text = card((await admin.get("/console")).text, SYNC)

    assert "Lag p50 100 ms Lag p99 2.0 s" in text


async def test_events_show_their_outcome_or_why_they_were_ignored(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.event("evt_1", "user.updated", outcome="written")
    await scene.event("log_1", "sapi", source=Source.LOG_STREAM, user_id=None, note="successful API operation")
    await scene.event("evt_2", "user.created")

    page = (await admin.get("/console")).text
    events = re.findall(r'<li id="event-.*?</li>', page, flags=re.DOTALL)

    shown = [text_of(event) for event in events]
    assert shown[0].startswith("user.created Waiting")
    assert shown[1].startswith("sapi Ignored")
    assert shown[1].endswith("prod-eu, log stream · successful API operation")
    assert shown[2].startswith("user.updated Written")


async def test_writes_are_grouped_by_record_with_old_and_new_values(admin: httpx.AsyncClient, scene: Scene) -> None:
    seq = await scene.event("evt_1", outcome="written")
    await scene.write({"LastName": ("Berg", "Lindqvist"), "Phone": ("+46 8 1", None)}, event_seq=seq)
    await scene.write({"Email": (None, "grace@example.com")}, record_id=RecordId("00QAa000004Xy7CMAS"))

    page = (await admin.get("/console")).text
    writes = [text_of(write) for write in re.findall(r'<li id="write-.*?</ol>', page, flags=re.DOTALL)]

    assert len(re.findall(r'<li id="write-', page)) == 2
    assert "Lead 00QAa000004Xy7CMAS Updated now Email empty → grace@example.com" in writes[0]
    assert "LastName Berg → Lindqvist Phone +46 8 1 → empty Changed in Auth0, and that change wins" in writes[0]
    assert "· user.updated" in writes[0]


async def test_several_syncs_each_have_their_own_card(database: Database) -> None:
    other = a_definition(SyncName("partners"), TenantName("prod-us"), OrgName("partners"))
    await Scene(database, SyncName("partners"), TenantName("prod-us")).event("evt_1")
    async with client_of(console_app(database, None, a_definition(), other)) as client:
        await log_in(client)

        page = (await client.get("/console")).text

    assert "customers Idle" in card(page, "customers")
    assert "partners Working" in card(page, "partners")


async def test_the_fragment_is_the_changing_part_alone(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.ada()

    fragment = (await admin.get("/console/live/overview", headers={"HX-Request": "true"})).text

    assert "<html" not in fragment
    assert "evt" not in fragment
    assert "LastName" in fragment


@pytest.mark.parametrize(
    "text",
    ["auth0|65f1c0ffee", "65f1c0", "ada.lindqvist@example.com", "LINDQVIST", "00QAa000004Xy7B", "00QAa000004Xy7BMAS"],
)
async def test_an_identity_is_found_by_what_one_has_at_hand(admin: httpx.AsyncClient, scene: Scene, text: str) -> None:
    await scene.ada()
    await scene.identity(
        a_profile("auth0|2", name="Grace", email="grace@example.com", family_name="H"), UserId("auth0|2")
    )

    page = (await admin.get("/console/identities", params={"q": text})).text

    assert "Ada Lindqvist" in page
    assert "Grace" not in page
    assert "/console/identities/customers/auth0%7C65f1c0ffee" in page


async def test_names_beyond_ascii_are_found(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.identity('{"name": "Zoë Müller"}'.encode())

    assert "Zoë Müller" in text_of((await admin.get("/console/identities", params={"q": "Müller"})).text)


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "\0", "nobody@example.com"])
async def test_what_matches_nothing_says_how_to_search(admin: httpx.AsyncClient, scene: Scene, text: str) -> None:
    await scene.identity(b'{"name": "Ada"}')

    answer = await admin.get("/console/identities", params={"q": text})

    assert answer.status_code == 200
    expected = "Ada" if text == "\0" else "Search for a user id such as auth0|65f1c0ffee"
    assert expected in text_of(answer.text)


async def test_the_search_goes_on_page_by_page(admin: httpx.AsyncClient, scene: Scene) -> None:
    for number in range(51):
        await scene.identity(a_profile(f"auth0|{number}", name=f"Person {number:02}"), UserId(f"auth0|{number}"))

    first = (await admin.get("/console/identities")).text
    second = (await admin.get("/console/identities", params={"after": "50"})).text

    assert "Person 50" in first
    assert "Person 00" not in first
    assert 'href="/console/identities?q=&amp;after=50"' in first
    assert "Person 00" in second
    assert "Older →" not in second


async def test_an_identity_shows_both_sides_and_why(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.ada()

    page = (await admin.get("/console/identities/customers/auth0%7C65f1c0ffee")).text
    rows = {name: text_of(row) for name, row in re.findall(r'<tr id="field-(\w+)"(.*?)</tr>', page, flags=re.DOTALL)}

    assert "Lead 00QAa000004Xy7BMAS" in text_of(page)
    assert "Rule “verified e-mail”" in text_of(page)
    assert 'href="https://acme.my.salesforce.com/00QAa000004Xy7BMAS"' in page
    assert (
        "text · Auth0 owns Lindqvist user.family_name ?? user.name ?? 'Unknown' mappings/lead.yaml:7"
        in rows["LastName"]
    )
    assert "Lindqvist Lindqvist In sync Changed in Auth0, and that change wins Berg → Lindqvist" in rows["LastName"]
    assert 'title="Event evt_ada_2"' in page
    assert "12 user.logins_count mappings/lead.yaml:22 11 11 Differs" in rows["NumberOfLogins__c"]
    assert "Nordlicht Optik Nordlicht Optik Salesforce’s stands" in rows["Company"]
    assert "In sync" in rows["HasOptedOutOfEmail"]


async def test_a_field_that_cannot_be_computed_says_why(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.identity(a_profile(user_metadata={"phone": "call me"}))

    page = (await admin.get("/console/identities/customers/auth0%7C65f1c0ffee")).text

    assert "expected a phone number, found “call me”" in text_of(page)
    assert "No record is linked." in text_of(page)
    assert "No record yet" in text_of(page)


async def test_the_timeline_has_events_writes_and_problems_newest_first(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.ada()
    await scene.problem("The phone number is too long")

    page = (await admin.get("/console/identities/customers/auth0%7C65f1c0ffee")).text
    kinds = re.findall(r'<li id="(event|write|problem)-\d+" class="', page)

    assert kinds == ["problem", "write", "event", "write", "event"]
    assert "Created Lead 00QAa000004Xy7BMAS" in text_of(page)


async def test_a_user_that_only_sent_an_event_has_a_page(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.event("evt_1")

    text = text_of((await admin.get("/console/identities/customers/auth0%7C65f1c0ffee")).text)

    assert "not read yet" in text
    assert "user.updated Waiting" in text


async def test_a_deleted_user_is_marked(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.identity(a_profile(), deleted=True)

    page = (await admin.get("/console/identities/customers/auth0%7C65f1c0ffee")).text

    assert "Deleted in Auth0" in page


@pytest.mark.parametrize("user_id", ["oidc|a/b?c#d%25e", "waad|zoë@example.com", "auth0|x y+z", "sms|+4681234567"])
async def test_every_user_id_has_an_address(admin: httpx.AsyncClient, scene: Scene, user_id: str) -> None:
    await scene.identity(a_profile(user_id), UserId(user_id))
    found = (await admin.get("/console/identities")).text
    address = re.search(r'href="(/console/identities/customers/[^"]+)"', found)
    assert address

    page = await admin.get(address[1])

    assert page.status_code == 200
    assert user_id in text_of(page.text)


async def test_hostile_values_are_shown_and_never_run(admin: httpx.AsyncClient, scene: Scene) -> None:
    user_id = UserId(f"auth0|{HOSTILE}\"'")
    seq = await scene.event(f"evt{HOSTILE}", f"user.{HOSTILE}", user_id=user_id)
    await scene.event("log_1", "x", user_id=user_id, note=HOSTILE)
    await scene.identity(a_profile(user_id, name=HOSTILE, given_name=HOSTILE, email=HOSTILE), user_id)
    await scene.link({"FirstName": HOSTILE}, user_id=user_id, evidence=HOSTILE)
    await scene.write({HOSTILE: (HOSTILE, HOSTILE)}, user_id=user_id, event_seq=seq, reason=HOSTILE)
    await scene.problem(HOSTILE, user_id=user_id, code=HOSTILE, field=HOSTILE)

    search = (await admin.get("/console/identities", params={"q": HOSTILE})).text
    address = re.search(r'href="(/console/identities/customers/[^"]+)"', search)
    assert address
    pages = [search, (await admin.get("/console")).text, (await admin.get(address[1])).text]

    for page in pages:
        assert "alert(" in page
        assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/console/nothing", "Check the address, or search for an identity."),
        ("/console/identities/other/auth0%7C1", "There is no sync called “other”. Configured: customers."),
        ("/console/identities/customers/auth0%7C404", "Nothing is known of “auth0|404” in customers."),
    ],
)
async def test_a_wrong_address_gets_a_page_with_a_hint(admin: httpx.AsyncClient, path: str, hint: str) -> None:
    answer = await admin.get(path)

    assert answer.status_code == 404
    assert hint in text_of(answer.text)
    assert 'name="q"' in answer.text


async def test_a_database_that_is_away_gets_a_page_that_says_so(admin: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("ALTER TABLE audit RENAME TO gone")

    broken = await admin.get("/console")
    await database.close()
    away = await admin.get(f"/console/identities/customers/{ADA.replace('|', '%7C')}")

    assert broken.status_code == 500
    assert "console_request_failed" in text_of(broken.text)
    assert away.status_code == 503
    assert "The database does not answer" in text_of(away.text)
