"""Where a person is in the database, table by table: what is held, and what erasing does to it.

Every table is named here, either with the rows that hold personal values and what becomes of them, or as one that holds
none, and why. A test compares this with the schema, so that a table or a column that is added has to be judged.

Rows that prove that something happened (the inbox, the audit trail) stay, without values and with a pseudonym in the
place of each id. All others go.
"""
# ruff: noqa: S608  statements are put together from this module's own literals, which their types hold

from collections.abc import AsyncIterator, Mapping
from typing import Any, LiteralString

import msgspec
from msgspec import Struct

from crosswalk.domain.erasure import digest_of_record, digest_of_user, pseudonym_of
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.store.database import Connection, fetch_row


class Person(Struct, frozen=True):
    """By what a person is found.

    Parameters
    ----------
    tenant, syncs, orgs
        Where: a tenant, its syncs and their orgs.
    users
        The user's id, and those of its accounts.
    records
        The records that are the person's, by org.
    left
        Records that somebody else has by now → until when (ISO 8601) they were the person's.
    values
        What else tells the person where it stands in somebody else's rows: e-mail addresses, telephone numbers.
    """

    tenant: TenantName
    syncs: tuple[SyncName, ...]
    orgs: tuple[OrgName, ...]
    users: tuple[UserId, ...]
    records: tuple[RecordId, ...]
    left: Mapping[RecordId, str] = {}
    values: tuple[str, ...] = ()

    @property
    def digests(self) -> dict[str, bytes]:
        """Each id, with what remains of it. An id stands for one record in all orgs."""
        users = {str(user_id): digest_of_user(self.tenant, user_id) for user_id in self.users}
        return users | {str(each): digest_of_record(org, each) for org in self.orgs for each in self.records}

    @property
    def remembered(self) -> list[bytes]:
        """The digests by which the person's ids are known again."""
        users = [digest_of_user(self.tenant, user_id) for user_id in self.users]
        return users + [digest_of_record(org, each) for org in self.orgs for each in self.records]

    def parameters(self) -> dict[str, object]:
        """What the statements of this module take."""
        digests = self.digests
        return {
            "tenant": self.tenant,
            "syncs": list(self.syncs),
            "orgs": list(self.orgs),
            "users": list(self.users),
            "records": list(self.records),
            "left_ids": list(self.left),
            "left_until": list(self.left.values()),
            "ids": list(digests),
            "pseudonyms": [pseudonym_of(digest) for digest in digests.values()],
            "needles": [*self.users, *(each[:15] for each in self.records), *self.values],
        }


class Held(Struct, frozen=True):
    """Rows of one table that hold something of a person.

    Parameters
    ----------
    where
        Finds them.
    blank
        What their columns get; without it, the rows go.
    kept
        The other columns, which hold nothing personal. Given for tables whose rows stay.
    told
        Finds further rows of the inbox, among what orgs told of records. No index has these by record, so they are gone
        through, some at a time.
    """

    where: LiteralString
    told: LiteralString = ""
    blank: Mapping[LiteralString, LiteralString] = {}
    kept: frozenset[str] = frozenset()


_OWN: LiteralString = "sync = ANY(%(syncs)s) AND user_id = ANY(%(users)s)"


def _mentioned(column: LiteralString) -> LiteralString:
    return "EXISTS (SELECT FROM unnest(%(needles)s::text[]) AS n WHERE position(n IN " + column + ") > 0)"


def _hidden(column: LiteralString) -> LiteralString:
    """The pseudonym of an id, where it is the person's."""
    return (
        "coalesce((SELECT p FROM unnest(%(ids)s::text[], %(pseudonyms)s::text[]) AS hidden (id, p) WHERE id = "
        + column
        + "), "
        + column
        + ")"
    )


HELD: Mapping[LiteralString, Held] = {
    "identities": Held("tenant = %(tenant)s AND user_id = ANY(%(users)s)"),
    "accounts": Held("tenant = %(tenant)s AND (user_id = ANY(%(users)s) OR account = ANY(%(users)s))"),
    "links": Held(_OWN),
    "former_links": Held(_OWN),
    "awaited_keys": Held(_OWN),
    "claims": Held(_OWN + " OR sync = ANY(%(syncs)s) AND " + _mentioned("value")),
    "decisions": Held(_OWN + " OR sync = ANY(%(syncs)s) AND " + _mentioned("decision::text")),
    "quarantines": Held(_OWN),
    "held_plans": Held("sync = ANY(%(syncs)s) AND (user_id = ANY(%(users)s) OR " + _mentioned("plan::text") + ")"),
    "effects": Held("sync = ANY(%(syncs)s) AND (subject = ANY(%(users)s) OR " + _mentioned("effect::text") + ")"),
    "effects_begun": Held("sync = ANY(%(syncs)s) AND (subject = ANY(%(users)s) OR " + _mentioned("effect::text") + ")"),
    "writes_begun": Held(_OWN),
    "problems": Held(_OWN),
    "backfill_findings": Held(
        "backfill IN (SELECT id FROM backfills WHERE sync = ANY(%(syncs)s)) AND (user_id = ANY(%(users)s) OR "
        + _mentioned("record_ids")
        + " OR "
        + _mentioned("words")
        + ")"
    ),
    "audit": Held(
        "sync = ANY(%(syncs)s) AND (user_id = ANY(%(users)s) OR record_id = ANY(%(ids)s))",
        blank={
            "user_id": _hidden("user_id"),
            "record_id": _hidden("record_id"),
            "old": "NULL",
            "new": "NULL",
        },
        kept=frozenset({"id", "at", "actor", "sync", "object", "action", "field", "reason", "place", "event_seq"}),
    ),
    "inbox": Held(
        "tenant = %(tenant)s AND user_id = ANY(%(users)s)",
        told="tenant = '' AND user_id IS NULL AND seq > %(after)s AND seq <= %(up_to)s AND org = ANY(%(orgs)s) "
        "AND (record_id = ANY(%(records)s) "
        "OR EXISTS (SELECT FROM unnest(%(left_ids)s::text[], %(left_until)s::timestamptz[]) AS l (id, until) "
        "WHERE l.id = record_id AND received_at <= l.until))",
        blank={
            "raw": "'{}'",
            "note": "'erased'",
            "user_id": _hidden("user_id"),
            "record_id": _hidden("record_id"),
            "event_id": "'erased:' || left(encode(sha256(convert_to(event_id, 'UTF8')), 'hex'), 32)",
        },
        kept=frozenset(
            {"seq", "tenant", "org", "source", "type", "disposition", "object", "updated_at", "occurred_at"}
            | {"received_at"}
        ),
    ),
    "due": Held(
        _OWN,
        blank={
            "user_id": _hidden("user_id"),
            "outcome": "coalesce(outcome, 'erased')",
            "finished_at": "coalesce(finished_at, clock_timestamp())",
        },
        kept=frozenset({"sync", "seq", "lane", "received_at", "not_before", "attempts", "rank"}),
    ),
    "interventions": Held(
        _mentioned("about") + " OR " + _mentioned("reason"),
        blank={"about": "'erased'", "reason": "''"},
        kept=frozenset({"id", "at", "by", "deed", "sync", "number"}),
    ),
    "pauses": Held(
        _mentioned("message"),
        blank={"message": "'erased'"},
        kept=frozenset(
            {"id", "kind", "name", "code", "object", "since", "probe_at", "probes", "ended_at", "ended_by"}
            | {"tried_with"}  # tells credentials of the hub from others
        ),
    ),
}
"""What holds something of a person; the inbox comes after what refers to it by its number."""

NOTHING_PERSONAL: Mapping[str, str] = {
    "cursors": "positions in streams",
    "api_usage": "an org's count of calls, as versions before the shared budgets kept it",
    "budgets": "counts of calls",
    "budget_spending": "counts of calls",
    "bulk_jobs": "numbers of jobs and events",
    "write_counts": "counts of writes",
    "holds": "counts of writes, and who decided",
    "drift_checks": "figures of comparisons",
    "backfills": "figures, and who ordered what",
    "backfill_chunks": "copies of users, gone once a back-fill is finished; while one is open nobody is erased",
    "erasures": "receipts, with pseudonyms",
    "erased_ids": "digests",
    "alerts": "figures, and names of the configuration",
    "failing_parts": "names of parts and kinds of errors",
    "source_hours": "counts of events",
    "source_hours_counted": "a number of the inbox",
    "event_ids": "digests of the vendors' ids of events",
}
"""The other tables, and why nobody is in them. Those of the job engine know lanes and numbers alone."""

# Another identity's conflict may show the person's record among its candidates, or name the person in words. What is
# still open is looked at again, which tells it anew from what is there then.
OTHERS_PROBLEMS = """
UPDATE problems
SET message = 'What this said was erased with a person; it is looked at again.',
    detail = '{"rule": "", "candidates": []}'
WHERE sync = ANY(%(syncs)s) AND user_id <> ALL(%(users)s)
    AND EXISTS (
        SELECT FROM unnest(%(needles)s::text[]) AS n
        WHERE position(n IN detail::text) > 0 OR position(n IN message) > 0
    )
RETURNING sync, user_id, resolved_at IS NULL
"""

OTHERS_FORMER_LINKS: LiteralString = (
    "UPDATE former_links SET successor = "
    + _hidden("successor")
    + ", moved_to = "
    + _hidden("moved_to")
    + " WHERE sync = ANY(%(syncs)s) AND (successor = ANY(%(ids)s) OR moved_to = ANY(%(ids)s))"
)

# Whoever was held together with the person is planned anew.
HELD_OTHERS: LiteralString = (
    "SELECT sync, user_id FROM held_plans WHERE sync = ANY(%(syncs)s) AND user_id <> ALL(%(users)s) AND "
    + _mentioned("plan::text")
)
REPLAN = """
UPDATE due AS d
SET outcome = NULL, finished_at = NULL
FROM unnest(%b::text[], %b::text[]) AS o (sync, user_id)
WHERE d.sync = o.sync AND d.user_id = o.user_id AND d.outcome = 'held'
"""

OPEN_BACKFILLS = "SELECT id, sync FROM backfills WHERE sync = ANY(%(syncs)s) AND finished_at IS NULL ORDER BY id"

TOLD_AT_ONCE = 50_000
"""So many events of records are gone through by one statement."""

NEWEST = 2**62

# Where the next so many events of records end. Relies on inbox_by_user.
TOLD_UP_TO = """
SELECT seq
FROM inbox
WHERE tenant = '' AND user_id IS NULL AND seq > %s
ORDER BY seq
OFFSET %s
LIMIT 1
"""

SET_TIMEOUT = "SELECT set_config('statement_timeout', '900000', true)"
"""A quarter of an hour, milliseconds: what was said in words has no index."""


async def take_time(connection: Connection) -> None:
    """Let the statements of this transaction read whole tables."""
    await connection.execute(SET_TIMEOUT)


async def open_backfills(connection: Connection, person: Person) -> list[tuple[int, str]]:
    """The back-fills of the person's syncs that are not finished: number and sync."""
    return await (await connection.execute(OPEN_BACKFILLS, person.parameters())).fetchall()


async def count(connection: Connection, person: Person) -> dict[str, int]:
    """How many rows of each table hold something of the person."""
    parameters = person.parameters()
    counts: dict[str, int] = {}
    for table, held in HELD.items():
        query: LiteralString = "SELECT count(*) FROM " + table + " WHERE " + held.where
        number = int((await fetch_row(connection, query, parameters))[0])
        if held.told:
            query = "SELECT count(*) FROM " + table + " WHERE " + held.told
            async for part in _parts(connection):
                number += int((await fetch_row(connection, query, parameters | part))[0])
        if number:
            counts[table] = number
    return counts


async def _parts(connection: Connection) -> AsyncIterator[dict[str, int]]:
    """The events of records, as bounds of their numbers, some at a time."""
    after = 0
    while (up_to := await _up_to(connection, after)) is not None:
        yield {"after": after, "up_to": up_to}
        after = up_to
    yield {"after": after, "up_to": NEWEST}


async def _up_to(connection: Connection, after: int) -> int | None:
    row = await (await connection.execute(TOLD_UP_TO, (after, TOLD_AT_ONCE - 1))).fetchone()
    return None if row is None else int(row[0])


async def rows(connection: Connection, person: Person) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Everything that is held about the person: table and row, a value as PostgreSQL writes it in JSON.

    What is stored as it came, in bytes, is given as the JSON that it is.
    """
    parameters = person.parameters()
    for table, held in HELD.items():
        query: LiteralString = "SELECT to_json(t) FROM " + table + " AS t WHERE " + held.where
        for row in await (await connection.execute(query, parameters)).fetchall():
            yield table, {column: _readable(value) for column, value in row[0].items()}
        if held.told:
            query = "SELECT to_json(t) FROM " + table + " AS t WHERE " + held.told
            async for part in _parts(connection):
                for row in await (await connection.execute(query, parameters | part)).fetchall():
                    yield table, {column: _readable(value) for column, value in row[0].items()}


def _readable(value: object) -> object:
    """Bytes, which PostgreSQL writes as `\\x7b7d`, as the JSON or the text that they are."""
    if not isinstance(value, str) or not value.startswith("\\x"):
        return value
    try:
        text = bytes.fromhex(value[2:])
    except ValueError:
        return value
    try:
        decoded: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text.decode(errors="replace")
    return decoded


class Forgotten(Struct, frozen=True):
    """What erasing did: rows by table, and the identities whose open questions it touched."""

    rows: Mapping[str, int]
    disturbed: frozenset[tuple[SyncName, UserId]]


class Gone(Struct, frozen=True):
    """Some events of records were gone through: how many were the person's, and up to which number; `None` for all."""

    rows: int
    up_to: int | None


async def erase_told(connection: Connection, person: Person, after: int) -> Gone:
    """Blank what orgs told of the person's records, among the next events after a number; a transaction for each call.

    What comes meanwhile is for `erase`. Doing it again is harmless.
    """
    up_to = await _up_to(connection, after)
    bounds = {"after": after, "up_to": NEWEST if up_to is None else up_to}
    statement = _erasing("inbox", HELD["inbox"], HELD["inbox"].told)
    return Gone((await connection.execute(statement, person.parameters() | bounds)).rowcount, up_to)


async def erase(connection: Connection, person: Person, after: int = 0) -> Forgotten:
    """Delete or blank everything that is held about the person, in the caller's transaction.

    Parameters
    ----------
    after
        Up to this number, events of records were gone through before.
    """
    parameters = person.parameters()
    held = await (await connection.execute(HELD_OTHERS, parameters)).fetchall()
    counts: dict[str, int] = {}
    others = await (await connection.execute(OTHERS_PROBLEMS, parameters)).fetchall()
    await connection.execute(OTHERS_FORMER_LINKS, parameters)
    for table, each in HELD.items():
        counts[table] = (await connection.execute(_erasing(table, each, each.where), parameters)).rowcount
        if each.told:
            rest = parameters | {"after": after, "up_to": NEWEST}
            counts[table] += (await connection.execute(_erasing(table, each, each.told), rest)).rowcount
    counts["problems"] += len(others)
    if held:
        await connection.execute(REPLAN, ([sync for sync, _ in held], [user_id for _, user_id in held]))
    disturbed = {(SyncName(sync), UserId(user_id)) for sync, user_id, is_open in others if is_open}
    return Forgotten({table: number for table, number in counts.items() if number}, frozenset(disturbed))


def _erasing(table: LiteralString, held: Held, where: LiteralString) -> LiteralString:
    if not held.blank:
        return "DELETE FROM " + table + " WHERE " + where
    columns: LiteralString = ", ".join(column + " = " + value for column, value in held.blank.items())
    return "UPDATE " + table + " SET " + columns + " WHERE " + where
