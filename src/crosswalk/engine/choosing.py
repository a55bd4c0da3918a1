"""From what a person typed or clicked about an identity's record to a choice that can be carried out."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from crosswalk.config.nearest import nearest_name
from crosswalk.domain.decision import Choice, CreateNew, LeaveAlone, LinkTo
from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.record_id import full_record_id, object_of_id
from crosswalk.engine.conflict_view import candidates_of
from crosswalk.store import links
from crosswalk.store.database import Database
from crosswalk.store.problems import Problem


class NotDecidable(CrosswalkError):
    """The conflict cannot be decided in this way."""


class FindsRecords(Protocol):
    """Finds records of an object by a field."""

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        """Return the records whose `key_field` equals one of `values`."""
        ...


class Wish(Struct, frozen=True):
    """What a person wants to be done about an identity's record, as it was typed or clicked.

    Parameters
    ----------
    record
        The id of the record that is the identity's.
    create, leave
        Whether the identity gets a new record, or none.
    object
        The object of the record; not needed where it is clear.
    """

    record: str = ""
    create: bool = False
    leave: bool = False
    object: str = ""


class Chooser:
    """Turns wishes about the identities of one sync into choices.

    Parameters
    ----------
    database
        Where the links are.
    definition
        The sync.
    org
        Where a record is looked up that is not among the candidates.
    """

    def __init__(self, database: Database, definition: SyncDefinition, org: FindsRecords) -> None:
        self._database = database
        self._definition = definition
        self._org = org

    async def choose(self, problem: Problem, wish: Wish) -> Choice:
        """Return what a person wishes for.

        Raises
        ------
        NotDecidable
            It cannot be done; the message says what can.
        crosswalk.connectors.errors.ConnectorError
            The record is not among the candidates, and the org could not be asked for it.
        """
        if bool(wish.record) + wish.create + wish.leave != 1:
            raise NotDecidable("say one thing: a record that is the user's, that a new one is made, or that none is")
        if wish.leave:
            return LeaveAlone()
        if wish.create:
            return CreateNew(self._target(wish.object, creating=True).object)
        return await self._link_to(problem, wish)

    async def _link_to(self, problem: Problem, wish: Wish) -> LinkTo:
        record_id = full_record_id(wish.record)
        offered = _objects_of(problem)
        if record_id is None:
            near = nearest_name(wish.record, offered)
            hint = f"; did you mean {near}?" if near else ""
            raise NotDecidable(f"{wish.record!r} is not a record id, which has 15 or 18 letters and digits{hint}")
        object_name = offered.get(record_id) or self._target(wish.object, record_id=record_id).object
        # Of a record that only Salesforce named, nobody has looked yet whose it is.
        looked_at = any(each.id == record_id and each.fields for each in candidates_of(problem))
        owner = await self._owner(object_name, record_id, known=looked_at, problem=problem)
        if owner and owner != problem.user_id:
            raise NotDecidable(
                f"{object_name} {record_id} belongs to {owner} already: link the two users in Auth0, or correct the "
                "record's external id in Salesforce first"
            )
        return LinkTo(object_name, record_id)

    async def _owner(self, object_name: str, record_id: RecordId, *, known: bool, problem: Problem) -> str:
        """Whose record it is already: by the hub's links, or by what the record says itself."""
        async with self._database.transaction() as connection:
            owners = await links.owners(connection, self._definition.name, [record_id])
        if record_id in owners or known:
            return owners.get(record_id, UserId(""))
        target = next(each for each in self._definition.targets if each.object == object_name)
        field = target.external_id_field
        found = await self._org.find_candidates(object_name, [field], "Id", [record_id])
        if not found:
            near = nearest_name(record_id, _objects_of(problem))
            hint = f"; the nearest candidate is {near}" if near else ""
            raise NotDecidable(f"the org has no {object_name} {record_id}{hint}")
        return str(found[0].fields.get(field) or "")

    def _target(self, object_name: str, *, record_id: RecordId | None = None, creating: bool = False) -> Target:
        """The target that is meant: the one that is named, or the only one that it can be."""
        targets = self._definition.targets
        names = [target.object for target in targets]
        if object_name:
            named = next((each for each in targets if each.object.lower() == object_name.lower()), None)
            if named is None:
                near = nearest_name(object_name, names)
                hint = f", did you mean {near}?" if near else ""
                raise NotDecidable(
                    f"sync {self._definition.name} has no target {object_name} ({', '.join(names)}){hint}"
                )
            return named
        if creating:
            return next((each for each in targets if each.create), targets[0])
        known = object_of_id(record_id or "")
        fitting = [each for each in targets if known is None or each.object == known]
        if len(fitting) == 1 and (known is not None or len(targets) == 1):
            return fitting[0]
        raise NotDecidable(
            f"record {record_id} is of another object than the sync's, or it is not clear of which: name the object, "
            f"one of {', '.join(names)}"
        )


def _objects_of(problem: Problem) -> dict[RecordId, str]:
    return {each.id: each.object for each in candidates_of(problem)}
