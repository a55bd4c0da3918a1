"""Writing through the collections resource: up to 200 records a call, one result for each record."""

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from crosswalk.connectors.base import Rejected, RetryLater, WriteResult, Written
from crosswalk.connectors.errors import ConnectorError
from crosswalk.connectors.reactions import DELAYS_S, Reaction
from crosswalk.connectors.salesforce.errors import result_of, result_of_failed_call
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.ids import RecordId
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, RecordWrite

MAX_RECORDS = 200
"""Salesforce's limit for one collections call, and the size of one trigger chunk."""

MAX_HALVINGS = 32
"""How many further calls may go into finding the record that makes Salesforce refuse a whole call."""

_RECORD_ID = re.compile(r"\b[a-zA-Z0-9]{18}\b|\b[a-zA-Z0-9]{15}\b")
_encode = msgspec.json.Encoder().encode


class _MatchedRecord(Struct, rename={"id": "Id"}):
    id: str = ""


class _MatchRecord(Struct):
    record: _MatchedRecord = msgspec.field(default_factory=_MatchedRecord)


class _MatchResult(Struct):
    matchRecords: list[_MatchRecord] = []  # noqa: N815  the vendor's name


class _DuplicateResult(Struct):
    matchResults: list[_MatchResult] = []  # noqa: N815  the vendor's name


class _SaveError(Struct):
    statusCode: str = "UNKNOWN_ERROR"  # noqa: N815  the vendor's name
    message: str = ""
    fields: tuple[str, ...] = ()
    duplicateResult: _DuplicateResult | None = None  # noqa: N815  the vendor's name
    # Salesforce's own spelling in some answers.
    duplicateResut: _DuplicateResult | None = None  # noqa: N815


class _SaveResult(Struct):
    success: bool
    id: str | None = None
    created: bool = False
    errors: tuple[_SaveError, ...] = ()


_decode_results = msgspec.json.Decoder(list[_SaveResult]).decode


class Call(Struct, frozen=True):
    """Writes of one kind for one object that go out together; `positions` are their places in the caller's list."""

    path: str
    writes: tuple[RecordWrite, ...]
    positions: tuple[int, ...]

    def halves(self) -> "tuple[Call, Call]":
        """Return two calls with half of the writes each."""
        middle = len(self.writes) // 2
        return (
            Call(self.path, self.writes[:middle], self.positions[:middle]),
            Call(self.path, self.writes[middle:], self.positions[middle:]),
        )


def plan_calls(writes: Sequence[RecordWrite]) -> list[list[Call]]:
    """Return the calls for `writes`, in waves: calls of one wave may run at once, waves run one after the other.

    Two writes that may touch one record (same record id or same external id) are never in one wave, and keep their
    order: within one call Salesforce refuses the second, and in two calls at once they would race.
    """
    waves: list[dict[tuple[str, str], list[int]]] = []
    next_wave: dict[tuple[str, ...], int] = {}
    for position, write in enumerate(writes):
        keys = _keys(write)
        number = max(next_wave.get(key, 0) for key in keys)
        if number == len(waves):
            waves.append({})
        # One call updates records of one object, so that Salesforce sees one trigger chunk.
        waves[number].setdefault((write.object, _path(write)), []).append(position)
        next_wave.update(dict.fromkeys(keys, number + 1))
    return [
        [
            Call(path, tuple(writes[position] for position in chunk), tuple(chunk))
            for (_, path), positions in wave.items()
            for chunk in _chunks(positions)
        ]
        for wave in waves
    ]


async def send_call(transport: Transport, call: Call) -> list[WriteResult]:
    """Send one call and return the result of each of its writes, in order; never raises for what a vendor does.

    When one record's values make Salesforce refuse the whole call (a value that it cannot even parse), the call is
    halved until that record stands alone, so that its neighbours are written.
    """
    results: dict[int, WriteResult] = {}
    waiting = [call]
    halvings = 0
    while waiting:
        current = waiting.pop()
        outcome = await _attempt(transport, current)
        if isinstance(outcome, Rejected) and len(current.writes) > 1:
            if halvings < MAX_HALVINGS:
                halvings += 2
                waiting.extend(reversed(current.halves()))
                continue
            outcome = RetryLater(outcome.code, f"sent together with a record that was refused: {outcome.message}")
        each = outcome if isinstance(outcome, list) else [outcome] * len(current.writes)
        results.update(zip(current.positions, each, strict=True))
    return [results[position] for position in call.positions]


async def _attempt(transport: Transport, call: Call) -> list[WriteResult] | WriteResult:
    """Return the result of each record, or the one result of a call that failed as a whole."""
    try:
        answer = await transport.send("PATCH", call.path, content=encode_call(call))
    except ConnectorError as error:
        return result_of_failed_call(error)
    try:
        saved = _decode_results(answer)
    except msgspec.DecodeError:
        return RetryLater(
            "MALFORMED_ANSWER",
            "Salesforce's answer to a collections call is not a list of results",
            DELAYS_S[Reaction.RETRY_WHEN_OUTAGE_ENDS],
        )
    if len(saved) != len(call.writes):
        return RetryLater(
            "MALFORMED_ANSWER",
            f"Salesforce answered a collections call of {len(call.writes)} records with {len(saved)} results",
            DELAYS_S[Reaction.RETRY_WHEN_OUTAGE_ENDS],
        )
    return [_read_result(write, result) for write, result in zip(call.writes, saved, strict=True)]


def encode_call(call: Call) -> bytes:
    """Return the JSON body of a call."""
    return _encode({"allOrNone": False, "records": [_body(write) for write in call.writes]})


def _body(write: RecordWrite) -> dict[str, FieldValue | dict[str, str]]:
    body: dict[str, FieldValue | dict[str, str]] = {"attributes": {"type": write.object}}
    for field in write.fields:
        body[field.field] = field.new
    if write.action is Action.CREATE:
        name, value = write.external_id
        body[name] = value
    else:
        body["Id"] = write.record_id
    return body


def _path(write: RecordWrite) -> str:
    if write.action is Action.CREATE:
        return f"composite/sobjects/{write.object}/{write.external_id[0]}"
    return "composite/sobjects"


def _keys(write: RecordWrite) -> list[tuple[str, ...]]:
    # External ids are case-insensitive in Salesforce unless the field says otherwise: the wider comparison is safe.
    field, value = write.external_id
    keys: list[tuple[str, ...]] = [(write.object.lower(), field.lower(), value.lower())]
    if write.record_id is not None:
        # The first 15 characters identify the record; the last three of the 18 are a checksum.
        keys.append((write.record_id[:15],))
    return keys


def _chunks(positions: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(positions), MAX_RECORDS):
        yield positions[start : start + MAX_RECORDS]


def _read_result(write: RecordWrite, result: _SaveResult) -> WriteResult:
    if result.success:
        return Written(RecordId(result.id or write.record_id or ""), result.created)
    if not result.errors:
        return RetryLater("MALFORMED_ANSWER", "Salesforce refused a record without saying why")
    first = result.errors[0]
    return result_of(
        code=first.statusCode,
        message="; ".join(error.message for error in result.errors),
        fields=tuple(field for error in result.errors for field in error.fields),
        duplicates=_duplicates(first),
        action=write.action,
    )


def _duplicates(error: _SaveError) -> tuple[RecordId, ...]:
    """Return the records that a duplicate rule matched, or that the message names (`… on record with id: 00Q…`)."""
    told = error.duplicateResult or error.duplicateResut
    if told is not None:
        ids = [match.record.id for result in told.matchResults for match in result.matchRecords]
        return tuple(RecordId(record_id) for record_id in dict.fromkeys(ids) if record_id)
    return named_records(error.statusCode, error.message)


def named_records(code: str, message: str) -> tuple[RecordId, ...]:
    """Return the records that the message of an error names (`… on record with id: 00Q…`)."""
    if code == "DUPLICATE_VALUE" and "record with id" in message:
        return tuple(RecordId(found) for found in _RECORD_ID.findall(message.rpartition("record with id")[2]))
    return ()
