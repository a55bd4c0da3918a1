"""How many identities per second one core evaluates and plans: `python -m bench.core`.

Batches of distinct users of about 1.8 KB, 15 mapped fields of mixed types with two match rules; each identity is
digested, evaluated by its expressions and merged with its link. `changed` means that 3 of the 15 fields differ;
`unchanged` that nothing the expressions read differs from what was dealt with before, as after most logins; `same after
evaluation` that something does, but no field.
"""

import time
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.match_rule import MatchPart, MatchRule
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.fingerprint import Fingerprint
from crosswalk.reconcile.planner import plan_linked, plan_settled

BATCH = 500
ROUNDS = 12
CHANGED_FIELDS = 3

_FIELDS = (
    ("FirstName", "user.given_name", Owner.AUTH0, ValueType.TEXT),
    ("LastName", "user.family_name ?? user.name", Owner.AUTH0, ValueType.TEXT),
    ("Email", "user.email", Owner.AUTH0, ValueType.EMAIL),
    ("Email_Verified__c", "user.email_verified", Owner.AUTH0, ValueType.BOOLEAN),
    ("Phone", "user.phone_number", Owner.AUTH0, ValueType.PHONE),
    ("Company", "user.user_metadata?.company ?? 'Unknown'", Owner.INITIAL, ValueType.TEXT),
    ("City", "user.user_metadata?.address?.city", Owner.AUTH0, ValueType.TEXT),
    ("Country", "user.user_metadata?.address?.country", Owner.AUTH0, ValueType.PICKLIST),
    ("Plan__c", "user.app_metadata?.plan ?? 'free'", Owner.AUTH0, ValueType.PICKLIST),
    ("Logins__c", "user.logins_count", Owner.AUTH0, ValueType.INTEGER),
    ("Last_Login__c", "user.last_login", Owner.AUTH0, ValueType.DATETIME),
    ("Signed_Up__c", "user.created_at.slice(0, 10)", Owner.AUTH0, ValueType.DATE),
    ("Interests__c", "user.user_metadata?.interests", Owner.AUTH0, ValueType.MULTIPICKLIST),
    ("Website", "user.user_metadata?.website", Owner.INITIAL, ValueType.URL),
    ("Title", "user.user_metadata?.title", Owner.SALESFORCE, ValueType.TEXT),
)


def run(report: Callable[[str], None]) -> dict[str, float]:
    """Measure; `report` takes a line for a person.

    Returns
    -------
    dict
        `core_changed_per_s`, `core_unchanged_per_s`, `core_same_after_evaluation_per_s`: identities a second on one
        core.
    """
    compiled = CompiledSync(_definition())
    identities = [_identity(number) for number in range(BATCH)]
    same = [_link(compiled, identity) for identity in identities]
    fingerprint = Fingerprint(compiled.definition)
    settled = [replace(link, settled=fingerprint.of(i.profile)) for link, i in zip(same, identities, strict=True)]
    changed = [_outdate(link) for link in same]
    results = {
        "core_changed_per_s": _identities_per_second(compiled, identities, changed, CHANGED_FIELDS),
        "core_unchanged_per_s": _identities_per_second(compiled, identities, settled, 0),
        "core_same_after_evaluation_per_s": _identities_per_second(compiled, identities, same, 0),
    }
    size = sum(len(identity.profile) for identity in identities) // BATCH
    report(
        f"reconcile core, {len(_FIELDS)} fields, users of {size:,} bytes, batches of {BATCH}: "
        f"{results['core_changed_per_s']:,.0f} changed/s, {results['core_unchanged_per_s']:,.0f} unchanged/s "
        f"({results['core_same_after_evaluation_per_s']:,.0f}/s where all has to be evaluated to find that out)"
    )
    return results


def _identities_per_second(
    compiled: CompiledSync, identities: Sequence[Identity], links: Sequence[Link], writes: int
) -> float:
    """As the hub does it: the digest first, and the expressions only for those that it does not settle."""
    fingerprint = Fingerprint(compiled.definition)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        plans = []
        open_ = []
        for identity, link in zip(identities, links, strict=True):
            if link.settled == fingerprint.of(identity.profile):
                plans.append(plan_settled(link))
            else:
                open_.append((identity, link))
        evaluations = compiled.evaluate_fields([identity for identity, _ in open_])
        plans += [plan_linked(compiled, e, link) for e, (_, link) in zip(evaluations, open_, strict=True)]
        best = min(best, time.process_time() - started)
        if any(sum(len(write.fields) for write in plan.writes) != writes for plan in plans):
            raise AssertionError(f"expected {writes} written fields for each identity")
    return len(identities) / best


def _definition() -> SyncDefinition:
    place = Place("bench", 1)
    fields = tuple(FieldMap(name, text, owner, type_, place) for name, text, owner, type_ in _FIELDS)
    match = (
        MatchRule("external_id", (MatchPart(("Auth0_User_Id__c",), "user.user_id", ValueType.TEXT),), place),
        MatchRule(
            "email", (MatchPart(("Email",), "user.email", ValueType.EMAIL),), place, condition="user.email_verified"
        ),
    )
    target = Target("Contact", True, "Auth0_User_Id__c", fields, match, place)
    return SyncDefinition(SyncName("bench"), TenantName("t"), OrgName("o"), (target,), None, None, 1, 150)


def _identity(number: int) -> Identity:
    name = {"given_name": f"Given{number}", "family_name": f"Family{number}", "name": f"Given{number} Family{number}"}
    user = {
        "user_id": f"auth0|{number:024x}",
        "email": f"user.{number}@example.com",
        "email_verified": True,
        "phone_number": f"+1212555{number:04d}",
        **name,
        "nickname": f"user{number}",
        "picture": f"https://images.example.com/avatar/{number:032x}?s=480&r=pg&d=https%3A%2F%2Fimages.example.com%2F",
        "created_at": "2024-01-02T03:04:05.678Z",
        "updated_at": "2026-01-02T03:04:05.678Z",
        "last_login": f"2026-01-02T03:{number % 60:02d}:05.678Z",
        "last_ip": "203.0.113.7",
        "logins_count": number,
        "locale": "en",
        "identities": [
            {
                "connection": "Username-Password-Authentication",
                "provider": "auth0",
                "user_id": f"{number:024x}",
                "isSocial": False,
            }
        ],
        "user_metadata": {
            "company": f"Company {number}",
            "title": "Head of Operations",
            "website": f"https://www.example.com/people/{number}",
            "address": {"street": "1 Main Street", "city": "Springfield", "postcode": "12345", "country": "US"},
            "interests": ["Sailing", "Reading", "Chess"],
            "preferences": {"newsletter": True, "language": "en", "theme": "dark"},
            "about": "Likes long walks. " * 20,
        },
        "app_metadata": {
            "plan": "pro",
            "roles": ["admin", "editor"],
            "crm": {"account": "001000000000001AAA", "tier": "gold"},
            "notes": "Imported from the old system. " * 10,
        },
    }
    at = StateVersion("2026-01-02T03:04:05.678000Z", "2026-01-02T03:04:06.000000Z")
    return Identity(UserId(f"auth0|{number:024x}"), msgspec.json.encode(user), at)


def _link(compiled: CompiledSync, identity: Identity) -> Link:
    """A link on which both sides agree."""
    (evaluation,) = compiled.evaluate([identity])
    values = dict(evaluation.targets[0].values)
    record = Record("Contact", RecordId(f"003{identity.user_id[-12:]}AAA"), dict(values))
    return Link(identity.user_id, record, values, "external_id")


def _outdate(link: Link) -> Link:
    """The same link before three fields changed in Auth0."""
    old: dict[str, FieldValue] = {"FirstName": "Former", "Phone": "+12125559999", "Plan__c": "trial"}
    record = Record(link.record.object, link.record.id, {**link.record.fields, **old})
    return Link(link.user_id, record, {**link.base, **old}, link.evidence)


if __name__ == "__main__":
    run(print)
