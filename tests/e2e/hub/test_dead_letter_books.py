"""Dead letters on the real database: by cause, shown masked, replayed behind what is live, discarded, expired."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.engine.causes import cause_of
from crosswalk.engine.dead_letters import DeadLetters, NotPossible, UnknownDeadLetter
from crosswalk.store import due, inbox, interventions, problems
from crosswalk.store.database import Connection, Database
from crosswalk.store.inbox import Subscriber
from crosswalk.store.problems import Problem, ProblemKind
from tests.console_scene import ORG, SYNC, TENANT, a_definition, leave_asleep

TOO_LONG = "Title: data value too large: {} (max length=5)"
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def letters(database: Database) -> DeadLetters:
    return DeadLetters(database, {SYNC: a_definition()}, leave_asleep)


def a_letter(user: str, value: str, seq: int | None = None, code: str = "STRING_TOO_LONG") -> Problem:
    message = TOO_LONG.format(value)
    fields = {"Title": value, "LastName": "Ito"}
    detail = {"action": "update", "fields": fields, "at_fault": ["Title"]}
    cause = cause_of(code, "Lead", ["Title"], message, fields)
    return Problem(SYNC, user, ProblemKind.DEAD_LETTER, "Lead", "", code, message, detail, seq, cause=cause)


async def keep(database: Database, *found: Problem) -> None:
    async with database.transaction() as connection:
        await problems.settle(connection, SYNC, [UserId(each.user_id) for each in found], found)


async def an_event(connection: Connection, number: int, user: str, outcome: str | None) -> int:
    """An event of the user that was dealt with so; returns its number in the inbox."""
    event = Event(f"evt_{number}", Source.EVENT_STREAM, "user.updated", NOON, Disposition.CHANGED, b"{}", UserId(user))
    await inbox.accept(connection, [(TENANT, event)], [Subscriber(SYNC, TENANT, ORG, 1)])
    row = await (await connection.execute("SELECT max(seq) FROM inbox")).fetchone()
    assert row is not None
    if outcome is not None:
        await due.finish(connection, SYNC, [(UserId(user), outcome)], [row[0]])
    return int(row[0])


async def open_numbers(letters: DeadLetters) -> Sequence[str]:
    return [each.problem.user_id for each in await letters.letters(letters.all(), 100)]


async def test_letters_of_one_cause_are_one_group_with_its_fix(letters: DeadLetters, database: Database) -> None:
    await keep(database, a_letter("auth0|1", "Countess"), a_letter("auth0|2", "Professor"))
    await keep(database, a_letter("auth0|3", "Countess", code="REQUIRED_FIELD_MISSING"))

    first, second = await letters.groups(letters.all())

    assert (first.group.letters, second.group.letters) == (2, 1)
    assert first.group.cause.startswith("STRING_TOO_LONG.Lead.Title.")
    assert first.example.message == "Title: data value too large: <value> (max length=5)"
    assert first.example.fix == "Shorten the value in the mapping, or lengthen the field; then replay."
    assert second.group.cause.startswith("REQUIRED_FIELD_MISSING.Lead.Title.")


async def test_values_are_masked_until_somebody_asks_who_is_noted(letters: DeadLetters, database: Database) -> None:
    await keep(database, a_letter("auth0|1", "Countess"))
    [letter] = await letters.letters(letters.all(), 10)
    number = letter.problem.id or 0

    shown = await letters.reveal(number, "Grace Hopper")

    assert letter.payload == {"Title": "•••• (8 characters)", "LastName": "•••• (3 characters)"}
    assert shown.payload == {"Title": "Countess", "LastName": "Ito"}
    assert shown.message == TOO_LONG.format("Countess")
    async with database.transaction() as connection:
        [noted] = await interventions.newest(connection, 10)
    assert (noted.by, noted.deed, noted.sync, noted.about) == ("Grace Hopper", "reveal", SYNC, str(number))


async def test_a_group_is_replayed_in_order_behind_what_is_live(letters: DeadLetters, database: Database) -> None:
    async with database.transaction() as connection:
        seqs = [await an_event(connection, number, f"auth0|{number}", "dead_letter") for number in (1, 2, 3)]
        live = await an_event(connection, 4, "auth0|4", None)
    await keep(database, *[a_letter(f"auth0|{number}", "Countess", seqs[number - 1]) for number in (1, 2)])
    await keep(database, a_letter("auth0|3", "Countess", seqs[2], code="REQUIRED_FIELD_MISSING"))
    [group, _] = await letters.groups(letters.all())

    replayed = await letters.replay(await letters.find(group.group.cause), "Grace Hopper")

    async with database.transaction() as connection:
        events = await due.read_due(connection, due.Lane(SYNC, 0), 10)
        [noted] = await interventions.newest(connection, 10)
    assert replayed == 2
    assert sorted(each.seq for each in events) == [*seqs[:2], live]
    assert await ranks(database) == {seqs[0]: 4, seqs[1]: 4, live: 2}
    assert (noted.deed, noted.about, noted.number) == ("replay", group.group.cause, 2)


async def ranks(database: Database) -> dict[int, int]:
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT seq, rank FROM due WHERE outcome IS NULL")).fetchall()
    return {row[0]: row[1] for row in rows}


async def test_a_letter_whose_event_is_gone_is_replayed_by_an_event_of_its_own(
    letters: DeadLetters, database: Database
) -> None:
    await keep(database, a_letter("auth0|1", "Countess"), a_letter("Opportunity/006000000000001AAA", "Won", 77))

    replayed = await letters.replay(letters.all(SYNC), "Grace Hopper")

    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT user_id, type, source FROM inbox ORDER BY user_id")).fetchall()
    assert replayed == 2
    assert rows == [("Opportunity/006000000000001AAA", "replay", "person"), ("auth0|1", "replay", "person")]
    assert set((await ranks(database)).values()) == {4}


async def test_what_is_due_already_keeps_its_place(letters: DeadLetters, database: Database) -> None:
    async with database.transaction() as connection:
        seq = await an_event(connection, 1, "auth0|1", None)
    await keep(database, a_letter("auth0|1", "Countess", seq))

    assert await letters.replay(await letters.find("auth0|1"), "Grace Hopper") == 1
    assert await ranks(database) == {seq: 2}


async def test_a_letter_is_discarded_with_a_reason_and_is_then_no_longer_there(
    letters: DeadLetters, database: Database
) -> None:
    await keep(database, a_letter("auth0|1", "Countess"), a_letter("auth0|2", "Professor"))
    [first, _] = await letters.letters(letters.all(), 10)
    name = str(first.problem.id)
    with pytest.raises(NotPossible, match="give a reason"):
        await letters.discard(await letters.find(name), "Grace Hopper", "  ")

    discarded = await letters.discard(await letters.find(name), "Grace Hopper", "left the company")

    assert discarded == 1
    assert await open_numbers(letters) == ["auth0|2"]
    async with database.transaction() as connection:
        [noted] = await interventions.newest(connection, 10)
    assert (noted.by, noted.deed, noted.about, noted.reason) == ("Grace Hopper", "discard", name, "left the company")
    with pytest.raises(UnknownDeadLetter, match=f"dead letter {name} is no longer open: discarded at 20"):
        await letters.find(name)


async def test_a_later_change_of_the_same_person_supersedes_a_letter(letters: DeadLetters, database: Database) -> None:
    await keep(database, a_letter("auth0|1", "Countess"))
    async with database.transaction() as connection:
        await problems.settle(connection, SYNC, [UserId("auth0|1")], [])

    assert await open_numbers(letters) == []


async def test_letters_that_were_not_seen_for_long_expire(letters: DeadLetters, database: Database) -> None:
    await keep(database, a_letter("auth0|1", "Countess"), a_letter("auth0|2", "Countess"))
    async with database.transaction() as connection:
        await connection.execute("UPDATE problems SET last_seen = now() - interval '8 days' WHERE user_id = 'auth0|1'")

    assert await letters.expire(SYNC, timedelta(days=7)) == 1

    assert await open_numbers(letters) == ["auth0|2"]
    assert await letters.expire(SYNC, timedelta(days=7)) == 0
    async with database.transaction() as connection:
        [noted] = await interventions.newest(connection, 10)
    assert (noted.by, noted.deed, noted.number) == ("crosswalk", "expire", 1)


async def test_a_name_that_there_is_not_gets_the_nearest(letters: DeadLetters, database: Database) -> None:
    with pytest.raises(UnknownDeadLetter, match=r"there is no dead letter 7; none is open"):
        await letters.find("7")
    await keep(database, a_letter("auth0|1", "Countess"))
    [group] = await letters.groups(letters.all())

    with pytest.raises(UnknownDeadLetter, match=f"did you mean {group.group.cause}"):
        await letters.find(group.group.cause.lower()[:-1])
    with pytest.raises(UnknownDeadLetter, match=r"no sync is called customer .*did you mean customers"):
        letters.all("customer")
