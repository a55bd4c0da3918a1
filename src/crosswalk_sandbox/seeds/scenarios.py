"""The scenarios: how a seed fills a tenant and an org. Each is a generator that says after some people how many it did.

In between, a server has time for its clients; `seeding` in the package runs them to their end.
"""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec

from crosswalk_sandbox.auth0 import Tenant, ensure_connections, load_users
from crosswalk_sandbox.salesforce import Org
from crosswalk_sandbox.seeds.edge_cases import edge_cases
from crosswalk_sandbox.seeds.people import Person, people, person
from crosswalk_sandbox.seeds.rows import DATABASE, ENTERPRISE, SOCIAL, account_id, contact, lead, user
from crosswalk_sandbox.seeds.truth import Same
from crosswalk_sandbox.seeds.variants import mistyped, spelled_otherwise

DEFAULT_PEOPLE = 25
_AT_ONCE = 500
_ACCOUNTS = (
    ("Alpenblick Hotels", "Hospitality", "https://alpenblick.example"),
    ("Nordlicht Energie", "Energy", "https://nordlicht.example"),
    ("Harbour & Sons", "Shipping", "https://harbour-sons.example"),
    ("Kaizen Robotics", "Machinery", "https://kaizen-robotics.example"),
    ("Verde Foods", "Food & Beverage", "https://verde-foods.example"),
)
_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List")


class SeedOrder(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What to fill a tenant and an org with.

    Parameters
    ----------
    scenario
        One of `SCENARIOS`.
    people
        How many people; `edge-cases` has its own.
    number
        The same number makes the same people.
    overlap
        In `people`, the share (0 to 1) of those who are in both systems; the others are in one of them.
    """

    scenario: str = "company"
    people: int = DEFAULT_PEOPLE
    number: int = 1
    overlap: float = 0.4

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise ValueError(f"expected one of the scenarios {', '.join(SCENARIOS)}, found {self.scenario!r}")
        if self.people < 0:
            raise ValueError(f"`people` must not be negative, found {self.people}")
        if not 0 <= self.overlap <= 1:
            raise ValueError(f"`overlap` must be from 0 to 1, found {self.overlap:g}")


class Target:
    """What a scenario fills.

    Parameters
    ----------
    tenant, org
        Where users and records go.
    tell
        Takes what is known about each person.
    """

    def __init__(self, tenant: Tenant, org: Org, tell: Callable[[Same], None]) -> None:
        self.tenant = tenant
        self.org = org
        self.tell = tell

    def accounts(self) -> list[str]:
        """Ids of the accounts that contacts belong to, made now."""
        return [
            self.org.insert("Account", {"Name": name, "Industry": industry, "Website": website})
            for name, industry, website in _ACCOUNTS
        ]

    def load(self, chunk: "list[Rows]") -> None:
        """Put in the rows of some people at once, and tell what belongs together."""
        for name in ("Contact", "Lead"):
            ids = iter(self.org.load(name, (row for rows in chunk for kind, row in rows.records if kind == name)))
            for rows in chunk:
                rows.record_ids += [next(ids) for kind, _ in rows.records if kind == name]
        for rows in chunk:
            rows.user_ids += load_users(self.tenant, rows.users)
            self.tell(Same(tuple(rows.user_ids), tuple(rows.record_ids), rows.case))


class Rows:
    """What one person gets: users as documents, records as pairs of an object and its fields; later their ids."""

    __slots__ = ("case", "record_ids", "records", "user_ids", "users")

    def __init__(self, case: str | None = None) -> None:
        self.users: list[dict[str, Any]] = []
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.user_ids: list[str] = []
        self.record_ids: list[str] = []
        self.case = case


def company(order: SeedOrder, target: Target) -> Iterator[int]:
    """Customers, leads and users as they come into being one by one, with events, logs and writes."""
    draw = random.Random(order.number)  # noqa: S311 - reproducible names, not secrets
    accounts = target.accounts()
    for index in range(order.people):
        one = person(draw, index)
        record_ids: list[str] = []
        if index % 10 < 4:
            record_ids.append(target.org.insert("Contact", contact(one, accounts[index % len(accounts)])))
        elif index % 10 < 7:
            record_ids.append(target.org.insert("Lead", lead(one, draw.choice(_SOURCES))))
        user_ids: list[str] = []
        if index % 10 in (0, 2, 4, 7, 8, 9):
            is_verified, plan = index % 10 != 8, draw.choice(("free", "pro"))
            # An id of its own kind: the same number may seed the other scenarios beside this one.
            wanted = user(one, order.number, is_verified=is_verified, plan=plan)
            wanted["user_id"] = account_id(one, order.number, "company")
            document = target.tenant.create_user(wanted)
            user_ids.append(document["user_id"])
        target.tell(Same(tuple(user_ids), tuple(record_ids)))
        if index % 20 == 0:
            yield index
    yield order.people


def contacts(order: SeedOrder, target: Target) -> Iterator[int]:
    """Everyone is a contact, and nobody has a user."""
    draw = random.Random(order.number)  # noqa: S311 - reproducible names, not secrets
    accounts = target.accounts()
    everyone = people(draw, order.people)
    done = 0
    while chunk := list(islice(everyone, _AT_ONCE)):
        target.org.load("Contact", (contact(one, accounts[one.index % len(accounts)]) for one in chunk))
        done += len(chunk)
        yield done


def mixed_people(order: SeedOrder, target: Target) -> Iterator[int]:
    """Both systems overlap by the ordered share, and each knows people in its own way."""
    draw = random.Random(order.number)  # noqa: S311 - reproducible names, not secrets
    accounts = target.accounts()
    ensure_connections(target.tenant, {SOCIAL: "google-oauth2", ENTERPRISE: "samlp"})
    everyone = people(draw, order.people)
    alone = (1 - order.overlap) / 2
    done = 0
    while some := list(islice(everyone, _AT_ONCE)):
        chunk = []
        for one in some:
            chance, rows = draw.random(), Rows()
            if chance < order.overlap + alone:
                rows.users = _users(draw, one, order.number)
            if chance < order.overlap or chance >= order.overlap + alone:
                rows.records = _records(draw, one, accounts)
            chunk.append(rows)
            if rows.records and draw.random() < 0.02:
                chunk.append(_relative(draw, one, rows.records[0]))
        target.load(chunk)
        done += len(some)
        yield done


def awkward(order: SeedOrder, target: Target) -> Iterator[int]:
    """Each awkward case once."""
    ensure_connections(target.tenant, {SOCIAL: "google-oauth2", ENTERPRISE: "samlp"})
    number = 0
    for name, persons in edge_cases():
        chunk = []
        for one in persons:
            rows = Rows(name)
            for document in one.users:
                number += 1
                ids = (f"{order.number:08x}{number:016x}", f"{order.number:05d}{number:016d}")
                rows.users.append(_with_identities(document, document["connections"], *ids))
            rows.records = [(kind, dict(row)) for kind, row in one.records]
            chunk.append(rows)
        target.load(chunk)
        yield number


def _users(draw: random.Random, one: Person, seed_number: int) -> list[dict[str, Any]]:
    """The person's user; of some two that nobody has linked."""
    chance = draw.random()
    document = user(one, seed_number, is_verified=draw.random() < 0.85, plan="pro" if draw.random() < 0.3 else "free")
    if draw.random() < 0.02:
        document["blocked"] = True
    own, other = document.pop("user_id"), account_id(one, seed_number, SOCIAL)
    outside = f"1{int(other, 16) % 10**20:020d}"
    if chance < 0.79:
        return [_with_identities(document, [DATABASE], own, outside)]
    if chance < 0.91:
        return [_with_identities({**document, "email_verified": True}, [SOCIAL], own, outside)]
    if chance < 0.96:
        return [_with_identities({**document, "email_verified": True}, [ENTERPRISE], own, outside)]
    if chance < 0.98:
        return [_with_identities(document, [DATABASE, SOCIAL], own, outside)]
    return [_with_identities(document, [each], own, outside) for each in (DATABASE, SOCIAL)]


def _with_identities(document: dict[str, Any], connections: list[str], own: str, outside: str) -> dict[str, Any]:
    """The document of a user with an account of each connection, the first of which names it.

    Parameters
    ----------
    own
        The account's id in the tenant's own database.
    outside
        What a provider calls the person.
    """
    entries: list[dict[str, Any]] = []
    for connection in connections:
        provider = {DATABASE: "auth0", SOCIAL: "google-oauth2", ENTERPRISE: "samlp"}[connection]
        subject = {DATABASE: own, SOCIAL: outside, ENTERPRISE: f"{ENTERPRISE}|{document['email']}"}[connection]
        entry = {"connection": connection, "user_id": subject, "provider": provider, "isSocial": connection == SOCIAL}
        if entries:
            entry["profileData"] = {name: document[name] for name in ("email", "email_verified", "name")}
        entries.append(entry)
    rest = {name: value for name, value in document.items() if name != "connections"}
    return {**rest, "identities": entries}


def _records(draw: random.Random, one: Person, accounts: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """The person's contact or lead; of some also a second one, with a typing error."""
    rows = [_record(draw, one, accounts)]
    if draw.random() < 0.03:
        kind, row = _record(draw, one, accounts)
        rows.append((kind, {**row, "LastName": mistyped(draw, one.family_name.written)}))
    return rows


def _record(draw: random.Random, one: Person, accounts: list[str]) -> tuple[str, dict[str, Any]]:
    if draw.random() < 0.6:
        return "Contact", spelled_otherwise(draw, one, contact(one, accounts[one.index % len(accounts)]))
    return "Lead", spelled_otherwise(draw, one, lead(one, _SOURCES[one.index % len(_SOURCES)]))


def _relative(draw: random.Random, one: Person, record: tuple[str, dict[str, Any]]) -> Rows:
    """Somebody of the family who has the same address and number, and only a record."""
    names = [name for name in one.place.given_names if name != one.given_name]
    kind, row = record
    rows = Rows()
    rows.records.append((kind, {**row, "FirstName": names[int(draw.random() * len(names))].written}))
    return rows


SCENARIOS: dict[str, Callable[[SeedOrder, Target], Iterator[int]]] = {
    "company": company,
    "contacts": contacts,
    "people": mixed_people,
    "edge-cases": awkward,
}
"""By name, as a seed orders them."""
