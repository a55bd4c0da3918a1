"""What flows did: begun, held, undone, and handed over with the record to which it was done."""

from crosswalk.domain.effect import Effect, EffectStep, HeldEffect, Step
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.store import effects, links
from crosswalk.store.database import Connection, Database
from crosswalk.store.effects import Holding, StepTaken
from tests.core_builders import a_place, a_record

SYNC, FLOW = SyncName("customers"), "deactivation"
ADA, TWIN = UserId("auth0|ada"), UserId("auth0|twin")
CONTACT, OTHER = RecordId("003000000000001AAA"), RecordId("003000000000002AAA")


def a_mark(record_id: RecordId = CONTACT) -> Effect:
    def write(old: bool, new: bool) -> RecordWrite:
        field = FieldWrite("Inactive__c", old, new, Reason.FLOW, a_place())
        return RecordWrite(Action.UPDATE, "Contact", record_id, ("Id", record_id), (field,))

    return Effect(f"marks/{record_id}", write(False, True), write(True, False), "The user is blocked.")


def a_step(step: Step, effect: Effect, user_id: UserId = ADA, episode: int = 0) -> StepTaken:
    return StepTaken(user_id, EffectStep(step, FLOW, effect, a_place()), episode, None)


def held(effect: Effect, user_id: UserId = ADA, episode: int = 0) -> HeldEffect:
    return HeldEffect(FLOW, user_id, effect, episode)


async def holdings(connection: Connection) -> dict[str, Holding]:
    return await effects.read(connection, SYNC, FLOW, [ADA, TWIN])


async def linked(connection: Connection, user_id: UserId, record_id: RecordId) -> None:
    await links.save(connection, SYNC, [Link(user_id, a_record(record_id), {}, "email")])


def the_end(moved_to: RecordId | None = None) -> EndedLink:
    return EndedLink(ADA, "Contact", CONTACT, LinkEnd.REPLACED, successor=TWIN, moved_to=moved_to)


async def test_what_was_begun_is_known_until_it_is_done(database: Database) -> None:
    mark = a_mark()
    async with database.transaction() as connection:
        await effects.begin(connection, SYNC, [a_step(Step.DO, mark)])
        assert await holdings(connection) == {ADA: Holding(begun=(held(mark),))}

        await effects.take(connection, SYNC, [a_step(Step.DO, mark)])
        assert await holdings(connection) == {ADA: Holding(held=(held(mark),))}


async def test_what_is_done_anew_counts_as_begun_until_that_is_done(database: Database) -> None:
    mark = a_mark()
    async with database.transaction() as connection:
        await effects.take(connection, SYNC, [a_step(Step.DO, mark)])
        await effects.begin(connection, SYNC, [a_step(Step.DO, mark)])

        assert await holdings(connection) == {ADA: Holding(begun=(held(mark),))}


async def test_what_was_only_begun_and_then_taken_back_ends_an_episode_too(database: Database) -> None:
    async with database.transaction() as connection:
        await effects.begin(connection, SYNC, [a_step(Step.DO, a_mark())])
        await effects.take(connection, SYNC, [a_step(Step.UNDO, a_mark())])

        assert await holdings(connection) == {ADA: Holding(episode=1)}


async def test_marks_go_to_the_user_who_has_the_record_now(database: Database) -> None:
    done, begun = a_mark(), a_mark(OTHER)
    async with database.transaction() as connection:
        await effects.take(connection, SYNC, [a_step(Step.DO, done)])
        await effects.begin(connection, SYNC, [a_step(Step.DO, begun)])
        await linked(connection, TWIN, CONTACT)

        assert await effects.hand_over(connection, SYNC, FLOW, [the_end()]) == {TWIN}
        assert await holdings(connection) == {
            ADA: Holding(begun=(held(begun),)),
            TWIN: Holding(held=(held(done, TWIN, episode=-1),)),
        }


async def test_what_was_begun_goes_along_even_to_what_the_record_became(database: Database) -> None:
    mark = a_mark()
    async with database.transaction() as connection:
        await effects.begin(connection, SYNC, [a_step(Step.DO, mark)])
        await linked(connection, TWIN, OTHER)

        assert await effects.hand_over(connection, SYNC, FLOW, [the_end(moved_to=OTHER)]) == {TWIN}
        assert await holdings(connection) == {TWIN: Holding(begun=(held(mark, TWIN, episode=-1),))}


async def test_marks_stay_whose_they_are_when_the_successor_has_a_record_of_its_own(database: Database) -> None:
    mark = a_mark()
    async with database.transaction() as connection:
        await effects.take(connection, SYNC, [a_step(Step.DO, mark)])
        await linked(connection, TWIN, OTHER)

        assert await effects.hand_over(connection, SYNC, FLOW, [the_end()]) == set()
        assert await holdings(connection) == {ADA: Holding(held=(held(mark),))}


async def test_marks_may_come_back_to_whoever_had_them_undone_before(database: Database) -> None:
    mark = a_mark()
    async with database.transaction() as connection:
        await effects.take(connection, SYNC, [a_step(Step.DO, mark, TWIN)])
        await effects.take(connection, SYNC, [a_step(Step.UNDO, mark, TWIN)])
        await effects.take(connection, SYNC, [a_step(Step.DO, mark)])
        await linked(connection, TWIN, CONTACT)

        assert await effects.hand_over(connection, SYNC, FLOW, [the_end()]) == {TWIN}
        assert await holdings(connection) == {TWIN: Holding(held=(held(mark, TWIN, episode=-1),))}
