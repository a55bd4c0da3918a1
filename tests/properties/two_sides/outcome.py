"""What must hold in the end, told without the code that brings it about."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from crosswalk.domain.ids import UserId
from crosswalk.domain.link import Link, Standing
from crosswalk.domain.values import FieldValue
from crosswalk.store.problems import ProblemKind
from tests.core_builders import EXTERNAL_ID
from tests.properties.two_sides.org import Row
from tests.properties.two_sides.steps import NO_EDIT, USERS, HearAll, Probe, SecondThought, Step, Work, World

E164 = {
    "+1 (212) 555-0100": "+12125550100",
    "(212) 555-0101": "+12125550101",
}
PATHS = {
    "LastName": "name",
    "Email": "email",
    "Interests__c": "user_metadata.interests",
    "Title": "user_metadata.title",
    "Tier__c": "app_metadata.tier",
    "Phone": "user_metadata.phone",
    "Newsletter__c": "user_metadata.newsletter",
    "Region__c": "user_metadata.address.region",
}
EQUAL = ("LastName", "Email", "Interests__c", "Tier__c", "Phone", "Newsletter__c", "Region__c")
"""The fields that are the same on both sides in the end; `Title` is only filled."""


FOR_A_PERSON = (ProblemKind.CONFLICT, ProblemKind.DEAD_LETTER)
WRITES_FOR_A_DEED = 2
WRITES_FOR_A_USER = 2
OWNERS = {
    "LastName": "user",
    "Email": "user",
    "Interests__c": "user",
    "Title": "filled",
    "Tier__c": "record",
    "Phone": "latest",
    "Newsletter__c": "latest",
    "Region__c": "person",
}


def run(*steps: Step, probe: Probe | None = None) -> World:
    """Take the steps, let everything come to rest, look at everybody once more, and check what must hold."""
    world = World()
    for step in steps:
        step.take(world)
        check_always(world)
    come_to_rest(world)
    check_in_the_end(world)
    if probe is not None:
        check_probe(world, probe)
    check_writes(world, steps if probe is None or probe.mishap is None else (*steps, probe.mishap))
    return world


def come_to_rest(world: World) -> None:
    """Work until nothing is due, then look at everybody once: what this changes for others has to wake them."""
    world.hub.settle()
    world.hub.drift_pass()


def check_always(world: World) -> None:
    """What holds at any time."""
    store = world.hub.store
    records = [link.record.id for link in store.tables.links.values()]
    assert len(records) == len(set(records)), "a record has two identities"
    for link in store.made:
        if store.tables.identities[link.user_id].deleted:
            continue  # it followed its record, as whoever is gone looks for none
        email = str(link.record.fields.get("Email")).lower()
        proven = any(
            news.user["user_id"] == link.user_id and news.user.get("email") == email and news.user.get("email_verified")
            for news in world.tenant.news
        )
        assert proven or link.evidence != "email", f"linked by an address that is not verified: {link}"
    store.made.clear()


def check_writes(world: World, steps: Sequence[Step]) -> None:
    """The hub writes at most so often: what each deed can cause, and once more for each thing that went wrong."""
    wrong = sum(isinstance(step, Work) and step.happens is not None for step in steps)
    most = WRITES_FOR_A_DEED * (world.edits + wrong) + WRITES_FOR_A_USER * len(USERS)
    assert sum(_written(world)) + world.org.refusals <= most, f"{_written(world)} writes for {world.edits} deeds"


def check_in_the_end(world: World) -> None:
    """What holds once both sides are quiet and were looked at."""
    tables = world.hub.store.tables
    owners = [str(row.fields[EXTERNAL_ID]).lower() for row in world.org.alive() if row.fields.get(EXTERNAL_ID)]
    assert len(owners) == len(set(owners)), f"a user has two records: {owners}"
    for user_id, link in tables.links.items():
        row = world.org.rows[link.record.id]
        user = world.tenant.users.get(user_id)
        if row.alive and user is not None and link.standing is Standing.LIVE:
            _check_pair(world, user_id, user, link, row)
    writes, links, refusals = _written(world), _links(world), world.org.refusals
    world.hub.drift_pass()
    assert _written(world) == writes, "the last plan was not empty"
    for_a_person = any(each.kind in FOR_A_PERSON for found in tables.problems.values() for each in found)
    assert for_a_person or world.org.refusals == refusals, "what the org refuses was left to nobody"
    assert _links(world) == links, "the links were not at rest"


def _check_pair(world: World, user_id: UserId, user: dict[str, Any], link: Link, row: Row) -> None:
    problems = world.hub.store.tables.problems.get(user_id, ())
    open_fields = {each.field for each in problems if each.kind in (ProblemKind.CONFLICT, ProblemKind.FIELD_ERROR)}
    told = {"user": user, "record": row.fields, "base": link.base, "problems": problems}
    assert row.fields.get(EXTERNAL_ID) == user_id, f"the record does not name its user: {told}"
    for name in EQUAL:
        mine, theirs = canonical(name, at(user, PATHS[name])), canonical(name, row.fields.get(name))
        if name in open_fields:
            assert mine != theirs, f"{name} is disputed, but equal: {told}"
            assert name in ("Region__c", "Phone"), f"{name} is nothing for a person to decide: {told}"
            continue
        assert mine == theirs, f"{name} differs: {told}"
        assert canonical(name, link.base.get(name)) == theirs, f"the base of {name} is not what both have: {told}"
        assert canonical(name, link.record.fields.get(name)) == theirs, f"the replica of {name} is old: {told}"
    if canonical("Title", at(user, PATHS["Title"])):
        assert row.fields.get("Title"), f"Title was not filled: {told}"
    assert bool(row.fields.get("Inactive__c")) == (user.get("blocked") is True), f"wrongly marked: {told}"


def _written(world: World) -> tuple[int, int]:
    return world.org.writes, world.tenant.writes


def check_probe(world: World, probe: Probe) -> None:
    """From agreement, one change on either side: the owner's value stands in the end, on both, whatever fails."""
    pair = _pair(world, probe.pair)
    if pair is None:
        return
    user_id, row = pair
    name, mine, theirs = probe.edit
    before = _both(world, user_id, row, name)
    edits: list[Callable[[], None]] = []
    if mine != NO_EDIT:
        edits.append(lambda: world.tenant.edit(user_id, lambda user: put(user, PATHS[name], mine)))
    if theirs != NO_EDIT:
        edits.append(lambda: world.org.edit(row, {name: theirs}))
    for edit in edits if probe.user_first else reversed(edits):
        world.clock.forward(60_000)
        world.edits += 1
        edit()
    wanted = expected(probe, before, _both(world, user_id, row, name))
    if probe.mishap is not None:
        probe.mishap.take(world)
    come_to_rest(world)
    assert _both(world, user_id, row, name) == wanted, f"{name} of {user_id} and {row} is not {wanted}"
    check_in_the_end(world)


def check_second_thought(world: World, thought: SecondThought) -> None:
    """From agreement, two changes and a mishap in between: the later value stands in the end, on both sides."""
    pair = _pair(world, thought.pair)
    if pair is None:
        return
    user_id, row = pair
    side, value = thought.second
    wanted = canonical(thought.name, value)
    before = _both(world, user_id, row, thought.name)
    _change(world, user_id, row, thought.name, thought.first, 60_000)
    if thought.untold:
        HearAll(thought.mishap.hears).take(world)
    else:
        thought.mishap.take(world)
    set_back = side != thought.first[0] and wanted == before[side]
    if set_back or wanted == _both(world, user_id, row, thought.name)[side]:
        return  # not told from a write that was never made; or no change at all
    _change(world, user_id, row, thought.name, thought.second, 1)
    if thought.untold:
        world.clock.forward(60_000)
        replace(thought.mishap, hears=0).take(world)
    HearAll(thought.mishap.hears).take(world)
    come_to_rest(world)
    assert _both(world, user_id, row, thought.name) == (wanted, wanted), f"{thought.name} of {user_id} is not {wanted}"
    check_in_the_end(world)


def _pair(world: World, number: int) -> tuple[UserId, Row] | None:
    """One of the linked pairs about which nobody has to decide anything."""
    pairs = [
        (user_id, world.org.rows[link.record.id])
        for user_id, link in world.hub.store.tables.links.items()
        if user_id in world.tenant.users and not world.hub.store.tables.problems.get(user_id)
    ]
    pairs = [(user_id, row) for user_id, row in pairs if row.alive]
    return pairs[number % len(pairs)] if pairs else None


def _change(world: World, user_id: UserId, row: Row, name: str, change: tuple[int, Any], after_ms: int) -> None:
    side, value = change
    world.clock.forward(after_ms)
    world.edits += 1
    if side == 0:
        world.tenant.edit(user_id, lambda user: put(user, PATHS[name], value))
    else:
        world.org.edit(row, {name: value})


Both: TypeAlias = tuple[Any, Any]


def expected(probe: Probe, before: Both, after: Both) -> Both:
    """What user and record have in the end, when they had `before`, and `after` somebody's changes."""
    (mine, theirs), (old_mine, old_theirs) = after, before
    if OWNERS[probe.edit[0]] == "latest":
        user_wins = theirs == old_theirs or (mine != old_mine and not probe.user_first)
        return (mine, mine) if user_wins else (theirs, theirs)
    return {"user": (mine, mine), "record": (theirs, theirs), "filled": (mine, theirs or mine)}.get(
        OWNERS[probe.edit[0]], (mine, theirs)
    )


def _both(world: World, user_id: str, row: Row, name: str) -> Both:
    user = world.tenant.users[user_id]
    return canonical(name, at(user, PATHS[name])), canonical(name, row.fields.get(name))


def _links(world: World) -> dict[UserId, tuple[object, ...]]:
    """Whose records they are and what was agreed on."""
    return {
        user_id: (link.record.id, link.standing, {name: canonical(name, link.base.get(name)) for name in PATHS})
        for user_id, link in world.hub.store.tables.links.items()
    }


def put(user: dict[str, Any], path: str, value: Any) -> None:
    """Give a user a value there."""
    *above, name = path.split(".")
    for each in above:
        user = user.setdefault(each, {})
    user[name] = value


def at(user: dict[str, Any], path: str) -> Any:
    """What a user has there."""
    place: Any = user
    for name in path.split("."):
        place = place.get(name) if isinstance(place, dict) else None
    return place


def canonical(name: str, value: Any) -> FieldValue | frozenset[str]:
    """A value in the form in which equal ones are equal."""
    if name == "Newsletter__c":
        return bool(value)
    if name == "Interests__c":
        chosen = value.split(";") if isinstance(value, str) else value or ()
        return frozenset(each for each in chosen if each)
    if name == "Email" and value:
        return str(value).lower()
    text = value.strip() if isinstance(value, str) else value
    return E164.get(text, text) or None
