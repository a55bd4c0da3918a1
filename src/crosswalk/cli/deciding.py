"""What `crosswalk conflicts decide` and `release` do with what was typed."""

from msgspec import Struct

from crosswalk.cli.output import JsonValue
from crosswalk.config.nearest import nearest_name
from crosswalk.domain.decision import CreateNew, LeaveAlone, LinkTo
from crosswalk.domain.values import Side
from crosswalk.engine.choosing import NotDecidable, Wish
from crosswalk.engine.desk import Desk
from crosswalk.store.problems import Problem


class Order(Struct, frozen=True):
    """The options of `decide`, empty where they were not given."""

    record: str
    create: bool
    leave: bool
    object: str
    take: str
    field: str
    by: str


class Done(Struct, frozen=True):
    """What was decided, for people and for programs."""

    text: str
    data: dict[str, JsonValue]


async def carry_out(desk: Desk, which: str, order: Order) -> Done:
    """Decide what was typed.

    Raises
    ------
    crosswalk.domain.errors.CrosswalkError
        There is no such conflict, or it cannot be decided so.
    """
    problem = _the_one(await desk.find(which), which, order.field)
    data: dict[str, JsonValue] = {"conflict": problem.id, "user_id": problem.user_id, "by": order.by}
    if order.take:
        if order.record or order.create or order.leave:
            raise NotDecidable("--take is about a field, and --record, --create and --leave about a record: give one")
        side = _side(order.take)
        await desk.decide_field(problem, side, order.by)
        text = f"{problem.object}.{problem.field} of {problem.user_id} gets the value of {_NAMES[side]} on both sides"
        return Done(f"decided: {text}", data | {"take": side.value, "field": problem.field})
    if problem.field and not (order.record or order.create or order.leave):
        raise NotDecidable(f"say whose value {problem.field} gets: --take auth0 or --take salesforce")
    choice = await desk.decide_match(problem, Wish(order.record, order.create, order.leave, order.object), order.by)
    more: dict[str, JsonValue]
    match choice:
        case LinkTo(object_, record_id):
            text, more = f"{problem.user_id} is {object_} {record_id}", {"object": object_, "record_id": record_id}
        case CreateNew(object_):
            text, more = f"{problem.user_id} gets a new {object_}", {"object": object_, "create": True}
        case LeaveAlone():
            text, more = f"{problem.user_id} gets no record", {"leave": True}
    return Done(f"decided: {text}", data | more)


async def carry_out_release(desk: Desk, which: str, field: str, by: str) -> Done:
    """Take a field out of quarantine. Raises what `carry_out` raises."""
    problem = _the_one(await desk.find(which), which, field)
    await desk.release(problem, by)
    data: dict[str, JsonValue] = {"conflict": problem.id, "user_id": problem.user_id, "field": problem.field, "by": by}
    return Done(f"released: {problem.object}.{problem.field} of {problem.user_id} is written again", data)


_NAMES = {Side.AUTH0: "Auth0", Side.SALESFORCE: "Salesforce"}


def _the_one(found: list[Problem], which: str, field: str) -> Problem:
    """The conflict that is meant, of those that a number or a user has."""
    if field:
        named = [each for each in found if each.field.lower() == field.lower()]
        if not named:
            fields = [each.field for each in found if each.field]
            near = nearest_name(field, fields)
            hint = f", did you mean {near}?" if near else ""
            raise NotDecidable(f"{which} has no conflict about {field} ({', '.join(fields) or 'about no field'}){hint}")
        found = named
    if len(found) > 1:
        several = ", ".join(f"{each.id} ({each.field or each.code})" for each in found)
        raise NotDecidable(f"{which} has several conflicts: give the number of one of {several}")
    return found[0]


def _side(text: str) -> Side:
    names = [side.value for side in Side]
    if text.lower() not in names:
        near = nearest_name(text, names)
        hint = f", did you mean {near}?" if near else ""
        raise NotDecidable(f"--take {text} is neither auth0 nor salesforce{hint}")
    return Side(text.lower())
