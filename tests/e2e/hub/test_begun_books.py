"""What is about to be written is kept by the database until it is known what became of it."""

from crosswalk.domain.begun import BegunField, BegunWrites
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.values import Side
from crosswalk.store import writes_begun
from crosswalk.store.database import Database

SYNC, OTHER = SyncName("customers"), SyncName("partners")
ADA, EVE = UserId("auth0|ada"), UserId("auth0|eve")
MADE = BegunWrites("Lead", None, "created", (BegunField("Title", Side.SALESFORCE, "Countess"),))
CHANGED = BegunWrites("Lead", RecordId("00Q"), "email", (BegunField("Title", Side.AUTH0, None, old="", base=1.5),))


async def test_notes_are_read_back_as_they_were_made_and_forgotten_one_by_one(database: Database) -> None:
    async with database.transaction() as connection:
        await writes_begun.note(connection, SYNC, {ADA: MADE, EVE: CHANGED})
        await writes_begun.note(connection, OTHER, {ADA: CHANGED})
    async with database.transaction() as connection:
        assert await writes_begun.read(connection, SYNC, [ADA, EVE]) == {ADA: MADE, EVE: CHANGED}
        await writes_begun.settle(connection, SYNC, {ADA: None, EVE: MADE})
    async with database.transaction() as connection:
        assert await writes_begun.read(connection, SYNC, [ADA, EVE]) == {EVE: MADE}
        assert await writes_begun.read(connection, OTHER, [ADA]) == {ADA: CHANGED}
