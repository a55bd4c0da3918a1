"""An org that consists of the records of a case: it answers look-ups as Salesforce does."""

from collections.abc import Sequence

from crosswalk.domain.look_up import LookUp, SearchedPart
from crosswalk.domain.record import Record


def answer(look_up: LookUp, records: Sequence[Record]) -> list[Record]:
    """The records that the org would answer with: those that hold, in all parts, one of the written forms asked for.

    Salesforce compares texts without their letter case, and nothing is normalised: a number that is written as nobody
    asked for is not found.
    """
    return [record for record in records if record.object == look_up.object and _is_asked_for(look_up, record)]


def _is_asked_for(look_up: LookUp, record: Record) -> bool:
    return any(
        all(_holds(record, part, forms) for part, forms in zip(look_up.parts, key, strict=True)) for key in look_up.keys
    )


def _holds(record: Record, part: SearchedPart, forms: Sequence[str]) -> bool:
    wanted = {form.casefold() for form in forms}
    values = (record.id if field == "Id" else record.fields.get(field) for field in part.fields)
    return any(_text(value).casefold() in wanted for value in values if value is not None)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
