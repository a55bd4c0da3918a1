"""Seeds: deterministic people of many kinds, valid to strict readers, with the truth of who is who."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import phonenumbers
import pytest
from email_validator import validate_email

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.handles import TenantHandle
from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess
from crosswalk_sandbox.salesforce import Org
from crosswalk_sandbox.seeds import SeedOrder, Truth, seed
from crosswalk_sandbox.seeds.people import people
from crosswalk_sandbox.seeds.places import places
from tests.forking import ForkedSandbox

PEOPLE = list(people(random.Random(7), 4000))
OUR_DOMAIN = re.compile(r"@(example\.(com|org|net)|[a-z0-9-]+\.example)$")


class Seeded:
    """A tenant and an org, filled in process."""

    def __init__(self, order: SeedOrder) -> None:
        self.tenant = Tenant(domain="tenant.example", client_id="id", client_secret="not-secret")
        self.org = Org(
            instance_url="https://org.example",
            client_id="id",
            client_secret="not-secret",
            username="integration@crosswalk.example",
            jwt_certificate_pem=None,
        )
        truth = Truth()
        seed(order, self.tenant, self.org, tell=lambda same: truth.add("t", "o", same))
        self.known = list(truth.documents())
        self.users = {user["user_id"]: user for user in self.tenant.users}
        self.records = {row["Id"]: row for name in ("Contact", "Lead") for row in self.org.rows(name)}


@pytest.fixture(scope="module")
def mixed() -> Seeded:
    return Seeded(SeedOrder("people", 2000, 5))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("seeds")) as process:
        yield process


def test_there_are_eighteen_places_with_names_of_their_own() -> None:
    assert len(places()) == 18
    assert all(len(place.given_names) >= 8 and len(place.family_names) >= 8 for place in places())
    assert all(name.for_address.isascii() for place in places() for name in (*place.given_names, *place.family_names))


def test_every_phone_number_is_valid_and_its_spellings_are_one_number() -> None:
    for person in PEOPLE:
        number = phonenumbers.parse(person.phone)
        assert phonenumbers.is_valid_number(number), person.phone
        assert phonenumbers.parse(person.phone_international) == number
        assert phonenumbers.parse(person.phone_national, person.place.locale[-2:]) == number


def test_addresses_are_well_formed_their_own_and_of_domains_that_nobody_has() -> None:
    addresses = [person.email for person in PEOPLE]

    assert len(set(addresses)) == len(addresses)
    assert [one for one in addresses if not OUR_DOMAIN.search(one)] == []
    for address in addresses[:500]:
        validate_email(address, check_deliverability=False, test_environment=True)
    assert sum("+" in one for one in addresses) > 100
    assert sum("@xn--" in one for one in addresses) > 50


def comparable(seeded: Seeded) -> tuple[list[Any], list[Any], list[Any]]:
    times = ("created_at", "updated_at")
    users = [{key: value for key, value in user.items() if key not in times} for user in seeded.users.values()]
    records = [(row["Id"], row["LastName"], row["Email"], row.get("Phone")) for row in seeded.records.values()]
    return users, records, seeded.known


@pytest.mark.parametrize("scenario", ["company", "people", "edge-cases"])
def test_same_number_makes_the_same_people_ids_and_truth(scenario: str) -> None:
    first, again, other = (Seeded(SeedOrder(scenario, 60, number)) for number in (3, 3, 4))

    assert comparable(first) == comparable(again)
    assert comparable(first)[0] != comparable(other)[0]


def test_overlap_is_the_share_of_people_who_are_in_both_systems(mixed: Seeded) -> None:
    both = [one for one in mixed.known if one["users"] and one["records"]]

    assert 0.37 < len(both) / 2000 < 0.43
    assert all(user_id in mixed.users for one in mixed.known for user_id in one["users"])
    assert all(record_id in mixed.records for one in mixed.known for record_id in one["records"])
    everything = [each for one in mixed.known for each in (*one["users"], *one["records"])]
    assert len(everything) == len(set(everything))


def test_people_look_otherwise_in_the_other_system(mixed: Seeded) -> None:
    pairs = [
        (mixed.users[one["users"][0]], mixed.records[one["records"][0]])
        for one in mixed.known
        if one["users"] and one["records"]
    ]

    same_address = sum(user["email"] == record["Email"] for user, record in pairs)
    assert 0.80 < same_address / len(pairs) < 0.95
    assert sum(record["Email"] is None for _, record in pairs) > 10
    assert sum(user["family_name"] != record["LastName"] for user, record in pairs) > 50
    assert sum(not (record["Phone"] or "").startswith("+") for _, record in pairs) > 30


def test_users_come_from_several_connections_and_some_twice(mixed: Seeded) -> None:
    main = Counter(user["identities"][0]["connection"] for user in mixed.users.values())
    linked = [user for user in mixed.users.values() if len(user["identities"]) == 2]
    twice = [one for one in mixed.known if len(one["users"]) == 2]
    share = {name: count / len(mixed.users) for name, count in main.items()}

    assert 0.78 < share["Username-Password-Authentication"] < 0.87
    assert 0.10 < share["google-oauth2"] < 0.18
    assert 0.02 < share["acme-saml"] < 0.08
    assert len(linked) > 5 and len(twice) > 5
    assert sum(bool(user.get("blocked")) for user in mixed.users.values()) > 10
    assert sum(not user["email_verified"] for user in mixed.users.values()) > 100


def test_relatives_share_an_address_and_are_nobody_else(mixed: Seeded) -> None:
    by_address: dict[str, list[str]] = {}
    for row in mixed.records.values():
        if row["Email"]:
            by_address.setdefault(row["Email"], []).append(row["Id"])
    shared = [ids for ids in by_address.values() if len(ids) > 1]
    one_person = [set(one["records"]) for one in mixed.known if len(one["records"]) > 1]

    relatives = [ids for ids in shared if not any(set(ids) <= same for same in one_person)]
    assert len(relatives) > 10


def test_each_awkward_case_is_there_once_and_told_by_name() -> None:
    cases = Seeded(SeedOrder("edge-cases"))

    names = list(dict.fromkeys(one["case"] for one in cases.known))
    assert len(names) == 32
    assert {"plus address on one side", "two users, one person, not linked", "one address, two people of a family"} < {
        *names
    }
    [twice] = [one for one in cases.known if one["case"] == "two users, one person, not linked"]
    assert [user_id.partition("|")[0] for user_id in twice["users"]] == ["auth0", "google-oauth2"]
    told = [user_id for one in cases.known for user_id in one["users"]]
    assert sorted(told) == sorted(cases.users)


def test_seeded_person_is_found_and_changes_like_any_other(running: SandboxProcess) -> None:
    running.reset()
    running.seed("people", people=20, overlap=1)
    user = next(each for each in running.state()["auth0"]["users"] if each["identities"][0]["provider"] == "auth0")

    tenant = TenantHandle(running)
    events_before = tenant.state()["counts"]["events"]
    with tenant.client() as client:
        found = client.get("/api/v2/users", params={"q": f'email:"{user["email"]}"'}).json()
        change = client.patch(f"/api/v2/users/{user['user_id']}", json={"app_metadata": {"plan": "gold"}})
        wrong = client.patch(f"/api/v2/users/{user['user_id']}", json={"nonsense": 1})
    assert [each["user_id"] for each in found] == [user["user_id"]]
    assert (change.status_code, change.json()["app_metadata"]["plan"], wrong.status_code) == (200, "gold", 400)
    assert tenant.state()["counts"]["events"] == events_before + 1


def test_loaded_users_of_the_database_have_the_password_of_the_page() -> None:
    seeded = Seeded(SeedOrder("edge-cases"))
    passwords = seeded.tenant.users.passwords
    own, social = "auth0|000000010000000000000001", "google-oauth2|000010000000000000023"

    assert passwords.matches(own, "Correct-Horse-7-Battery")
    assert not passwords.matches(own, "Correct-Horse-7-Batterie")
    assert not passwords.matches(social, "Correct-Horse-7-Battery")
    passwords.remember(own, "Another-Horse-8")
    assert passwords.matches(own, "Another-Horse-8")
    assert not passwords.matches(own, "Correct-Horse-7-Battery")


def test_clients_are_served_while_it_seeds(running: SandboxProcess) -> None:
    running.reset()
    answers = 0
    with httpx.Client(base_url=running.access.control_url, timeout=60) as client, ThreadPoolExecutor(1) as pool:
        seeding = pool.submit(client.post, "/seed", json={"scenario": "contacts", "people": 20_000})
        while not seeding.done():
            httpx.get(f"{running.access.control_url}/clock", timeout=30)
            answers += 1

    assert seeding.result().json() == {"people": 20_000}
    # If it answered nobody meanwhile, there would be one from before it began, and one that waited for its end.
    assert answers > 2


def test_second_seed_of_the_same_number_is_refused_with_the_way_out(running: SandboxProcess) -> None:
    running.reset()
    running.seed("edge-cases")

    with pytest.raises(SandboxFailedError, match="reset it, or seed with another number"):
        running.seed("edge-cases")


def test_scenarios_of_one_number_go_beside_one_another(running: SandboxProcess) -> None:
    running.reset()

    for scenario in ("company", "contacts", "people", "edge-cases"):
        running.seed(scenario, people=40)

    assert running.state()["auth0"]["counts"]["users"] > 60


@pytest.mark.parametrize(
    ("order", "words"),
    [({"overlap": 1.5}, "`overlap` must be from 0 to 1, found 1.5"), ({"people": -1}, "`people` must not be negative")],
)
def test_order_that_cannot_be_is_refused(running: SandboxProcess, order: dict[str, Any], words: str) -> None:
    with pytest.raises(SandboxFailedError, match=words):
        running.seed("people", **order)


def test_resets_forget_who_is_who(running: SandboxProcess) -> None:
    running.reset()
    running.seed("people", people=50)
    assert running.truth() != []

    running.reset(org="org-1")

    assert running.truth() == []


def test_loaded_user_is_packed_until_it_is_changed() -> None:
    seeded = Seeded(SeedOrder("people", 10, overlap=1))
    first = next(iter(seeded.users))
    room = seeded.tenant.users.packed_bytes()

    seeded.tenant.update_user(first, {"app_metadata": {"plan": "gold"}})

    assert room / len(seeded.users) < 1000
    assert seeded.tenant.users.packed_bytes() < room
    assert seeded.tenant.users.get(first)["app_metadata"] == {"plan": "gold"}
