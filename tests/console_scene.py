"""A small company in a database: what the console's tests look at."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from starlette.applications import Starlette

from crosswalk.api.console_data import ConsoleData
from crosswalk.api.identity_view import MappedValue
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.console import console_routes
from crosswalk.domain.budget import BudgetState, DayReport, Terms
from crosswalk.domain.budget_turns import take_turn
from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.domain.lease import Granted, Turn
from crosswalk.domain.link import Link
from crosswalk.domain.place import Place
from crosswalk.domain.purpose import Spender
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Owner, Side, ValueType
from crosswalk.engine.budget.leases import org_budget, tenant_budget
from crosswalk.engine.desk import Desk
from crosswalk.engine.loop_words import in_words
from crosswalk.store import audit, budgets, drift_checks, due, identities, inbox, links, problems, quarantines
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane
from crosswalk.store.inbox import Subscriber

ADMIN_TOKEN = "only-for-tests-4c1b7e0d9a"
SYNC = SyncName("customers")
TENANT = TenantName("prod-eu")
ORG = OrgName("sales")
ORG_TERMS = Terms(reserve=0.2, counts_by_day=True)
ADA = UserId("auth0|65f1c0ffee")
ADA_RECORD = RecordId("00QAa000004Xy7BMAS")

FIELDS = (
    ("FirstName", "user.given_name", Owner.AUTH0, ValueType.TEXT),
    ("LastName", "user.family_name ?? user.name ?? 'Unknown'", Owner.AUTH0, ValueType.TEXT),
    ("Email", "user.email", Owner.AUTH0, ValueType.EMAIL),
    ("Phone", "user.user_metadata.phone", Owner.INITIAL, ValueType.PHONE),
    ("Company", "user.user_metadata.company ?? 'None given'", Owner.INITIAL, ValueType.TEXT),
    ("HasOptedOutOfEmail", "!user.user_metadata.newsletter", Owner.AUTH0, ValueType.BOOLEAN),
    ("NumberOfLogins__c", "user.logins_count", Owner.AUTH0, ValueType.INTEGER),
)


def a_definition(name: SyncName = SYNC, tenant: TenantName = TENANT, org: OrgName = ORG) -> SyncDefinition:
    """A sync that keeps Leads in step."""
    fields = tuple(
        FieldMap(field, expression, owner, type_, Place("mappings/lead.yaml", 4 + 3 * number))
        for number, (field, expression, owner, type_) in enumerate(FIELDS)
    )
    target = Target("Lead", True, "Auth0_User_Id__c", fields, (), Place("mappings/lead.yaml", 1))
    return SyncDefinition(name, tenant, org, (target,), None, None, 1, 150)


def explain(definition: SyncDefinition, target: Target, identity: Identity) -> Mapping[str, MappedValue]:
    """Evaluates the scene's few expressions by hand."""
    user = json.loads(identity.profile)
    metadata = user.get("user_metadata", {})
    phone = metadata.get("phone")
    wrong_phone = phone is not None and not phone.startswith("+")
    return {
        "FirstName": MappedValue(user.get("given_name")),
        "LastName": MappedValue(user.get("family_name") or user.get("name") or "Unknown"),
        "Email": MappedValue(user.get("email")),
        "Phone": MappedValue(error=f"expected a phone number, found “{phone}”") if wrong_phone else MappedValue(phone),
        "Company": MappedValue(metadata.get("company", "None given")),
        "HasOptedOutOfEmail": MappedValue(not metadata.get("newsletter")),
        "NumberOfLogins__c": MappedValue(user.get("logins_count")),
    }


def console_data(database: Database, *definitions: SyncDefinition) -> ConsoleData:
    """What the console shows, over this database."""
    return ConsoleData(
        database=database,
        definitions={d.name: d for d in definitions or (a_definition(),)},
        tenant_domains={TENANT: "acme-prod.eu.auth0.com", TenantName("prod-us"): "acme-prod.us.auth0.com"},
        org_urls={
            ORG: "https://acme.my.salesforce.com",
            OrgName("partners"): "https://acme-partners.my.salesforce.com",
        },
        explain=explain,
        terms={org_budget(ORG): ORG_TERMS, tenant_budget(TENANT): Terms()},
    )


def _take_turn(turn: Turn, state: BudgetState, now: float) -> tuple[BudgetState, Granted]:
    return take_turn(state, ORG_TERMS, turn, now)


class OrgOfOne:
    """An org that has a single record beside those that the hub knows."""

    def __init__(self, record: Record | None = None) -> None:
        self._record = record

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        record = self._record
        return [record] if record is not None and record.object == object_name and record.id in values else []


async def leave_asleep(connection: Connection, lane: Lane) -> None:
    """No worker runs here: what is due stays due."""


def a_desk(database: Database, *definitions: SyncDefinition, org: OrgOfOne | None = None) -> Desk:
    """Where conflicts are settled, over this database."""
    named = {definition.name: definition for definition in definitions or (a_definition(),)}
    return Desk(database, named, dict.fromkeys(named, org or OrgOfOne()), leave_asleep)


def console_app(database: Database, access: AdminAccess | None = None, *definitions: SyncDefinition) -> Starlette:
    """An application that is only the console."""
    data = console_data(database, *definitions)
    desk = a_desk(database, *definitions)
    return Starlette(routes=console_routes(data, access or AdminAccess(Secret(ADMIN_TOKEN)), desk))


def a_profile(user_id: str = ADA, **changes: Any) -> bytes:
    """A user as Auth0 gives it."""
    user: dict[str, Any] = {
        "user_id": user_id,
        "email": "ada.lindqvist@example.com",
        "email_verified": True,
        "name": "Ada Lindqvist",
        "given_name": "Ada",
        "family_name": "Lindqvist",
        "logins_count": 12,
        "user_metadata": {"company": "Nordlicht Optik GmbH", "newsletter": True, "phone": "+46 8 5551234"},
        "updated_at": "2026-03-04T09:30:00.000Z",
    }
    return json.dumps(user | changes).encode()


def a_candidate(record_id: str, score: float, **compared: tuple[FieldValue, FieldValue, float]) -> dict[str, Any]:
    """A Lead that may be the person's: field → the user's value, the record's, and how alike they are."""
    return {
        "object": "Lead",
        "id": record_id,
        "fields": {field: theirs for field, (_, theirs, _) in compared.items()},
        "score": score,
        "linked_to": None,
        "evidence": [
            {"field": field, "identity_value": ours, "record_value": theirs, "similarity": alike, "weight": 1.0}
            for field, (ours, theirs, alike) in compared.items()
        ],
    }


class Scene:
    """Fills a database through the store's own functions, as the hub would."""

    def __init__(self, database: Database, sync: SyncName = SYNC, tenant: TenantName = TENANT) -> None:
        self.database = database
        self.sync = sync
        self.tenant = tenant

    async def event(
        self,
        event_id: str,
        type_: str = "user.updated",
        *,
        user_id: UserId | None = ADA,
        source: Source = Source.EVENT_STREAM,
        note: str = "",
        outcome: str | None = None,
    ) -> int:
        """An event arrives; with an outcome, it is finished. Returns its number."""
        ignored = bool(note)
        event = Event(
            id=event_id,
            source=source,
            type=type_,
            occurred_at=datetime.now(UTC) - timedelta(milliseconds=80),
            disposition=Disposition.IGNORED if ignored else Disposition.STATE,
            raw=b"{}",
            user_id=user_id,
            note=note,
        )
        async with self.database.transaction() as connection:
            await inbox.accept(connection, [(self.tenant, event)], [Subscriber(self.sync, self.tenant, ORG, 1)])
            row = await (await connection.execute("SELECT seq FROM inbox WHERE event_id = %s", (event_id,))).fetchone()
            assert row is not None
            if outcome is not None and user_id is not None:
                await due.finish(connection, self.sync, [(user_id, outcome)], [row[0]])
        return int(row[0])

    async def identity(self, profile: bytes, user_id: UserId = ADA, *, deleted: bool = False) -> None:
        """A user's newest state is known."""
        version = StateVersion("2026-03-04T09:30:00.000000Z", "2026-03-04T09:30:00.000000Z")
        async with self.database.transaction() as connection:
            await identities.save(connection, self.tenant, [Identity(user_id, profile, version, deleted)])

    async def link(
        self,
        fields: Mapping[str, FieldValue],
        *,
        user_id: UserId = ADA,
        record_id: RecordId = ADA_RECORD,
        evidence: str = "verified e-mail",
        base: Mapping[str, FieldValue] | None = None,
    ) -> None:
        """The user is tied to a record."""
        record = Record("Lead", record_id, fields)
        async with self.database.transaction() as connection:
            await links.save(connection, self.sync, [Link(user_id, record, fields if base is None else base, evidence)])

    async def write(
        self,
        changes: Mapping[str, tuple[FieldValue, FieldValue]],
        *,
        user_id: UserId = ADA,
        record_id: RecordId = ADA_RECORD,
        action: str = "update",
        reason: str = "changed",
        event_seq: int | None = None,
    ) -> None:
        """A record was written: field → (old, new)."""
        entries = [
            AuditEntry(
                sync=self.sync,
                user_id=user_id,
                object="Lead",
                record_id=record_id,
                action=action,
                field=field,
                old=old,
                new=new,
                reason=reason,
                place="mappings/lead.yaml:7",
                actor="crosswalk",
                event_seq=event_seq,
            )
            for field, (old, new) in changes.items()
        ]
        async with self.database.transaction() as connection:
            await audit.append(connection, entries)

    async def problem(
        self,
        message: str,
        *,
        user_id: UserId = ADA,
        kind: problems.ProblemKind = problems.ProblemKind.DEAD_LETTER,
        code: str = "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        field: str = "",
        detail: dict[str, Any] | None = None,
    ) -> int:
        """Something is wrong with the user. Returns its number."""
        found = problems.Problem(self.sync, user_id, kind, "Lead", field, code, message, detail or {})
        async with self.database.transaction() as connection:
            await problems.settle(connection, self.sync, [user_id], [found])
            row = await (await connection.execute("SELECT max(id) FROM problems")).fetchone()
        assert row is not None
        return int(row[0])

    async def several_candidates(self, *, owner: UserId | None = None) -> int:
        """Two Leads may be Ada's; the first belongs to `owner` already. Returns the conflict's number."""
        candidates = [
            a_candidate(ADA_RECORD, 0.93, FirstName=("Ada", "Ada", 1.0), LastName=("Lindqvist", "Lindquist", 0.89)),
            a_candidate(
                "00QAa000004Xy7CMAS", 0.41, FirstName=("Ada", "Alma", 0.5), LastName=("Lindqvist", "Berg", 0.1)
            ),
        ]
        candidates[0]["linked_to"] = owner
        return await self.problem(
            "The match rule verified_email found 2 records where one was expected. Choose the right one, or merge them "
            "in Salesforce.",
            kind=problems.ProblemKind.CONFLICT,
            code="ALREADY_LINKED" if owner else "AMBIGUOUS",
            detail={"rule": "verified_email", "candidates": candidates},
        )

    async def a_difference(self) -> int:
        """Ada's company differs, and a person decides. Returns the conflict's number."""
        return await self.problem(
            "Company differs between Auth0 and Salesforce, and a person decides which value is right.",
            kind=problems.ProblemKind.CONFLICT,
            code="FIELD_DIFFERS",
            field="Company",
            detail={"auth0": "Nordlicht Optik GmbH", "salesforce": "Nordlicht AG", "place": "mappings/lead.yaml:16"},
        )

    async def a_quarantine(self) -> int:
        """Somebody in the org keeps writing Ada's last name. Returns the number of the problem."""
        now = datetime.now(UTC)
        flip = Quarantine(
            object="Lead",
            record_id=ADA_RECORD,
            field="LastName",
            side=Side.SALESFORCE,
            writes=6,
            hub_value="Lindqvist",
            other_value="LINDQVIST",
            writers=("Data Quality in Salesforce, who changed the record last, at 2026-03-04T09:31:00.000+0000",),
            since=now,
            until=now + timedelta(hours=24),
        )
        async with self.database.transaction() as connection:
            await quarantines.put(connection, self.sync, [(ADA, flip)])
        return await self.problem(
            in_words(flip),
            kind=problems.ProblemKind.QUARANTINE,
            code="FIELD_QUARANTINED",
            field="LastName",
            detail=msgspec.to_builtins(flip),
        )

    async def usage(self, used: int, allowed: int, org: OrgName = ORG) -> None:
        """The org said how many API calls were made."""
        told = DayReport(mark=0, used=used, limit=allowed)
        turn = Turn("hub", 1, day=told, leaves=True)
        await budgets.change(self.database, org_budget(org), partial(_take_turn, turn), {})

    async def drift_check(self, differing: int, repaired: int, error: str | None = None) -> None:
        """A drift check of the sync has just ended."""
        report = {"differing": differing, "repaired": repaired}
        async with self.database.transaction() as connection:
            await drift_checks.save(connection, self.sync, drift_checks.SCHEDULE, datetime.now(UTC), report, error)

    async def spend(self, used: int, limit: int, calls: Mapping[Spender, int], failures: int = 0) -> None:
        """The hub made calls of the org's, the org said how many it counted, and queries failed so often in a row."""
        made = sum(calls.values())
        turns = [
            Turn("hub", 1, wanted={"query": made}),
            Turn(
                "hub",
                2,
                spent={"query": made},
                day=DayReport(made, used, limit),
                failures={"query": failures} if failures else {},
                leaves=True,
            ),
        ]
        for turn in turns:
            await budgets.change(
                self.database, org_budget(ORG), partial(_take_turn, turn), calls if turn.leaves else {}
            )

    async def ada(self) -> None:
        """Ada signed up, was linked, changed her name, and one field went wrong."""
        created = await self.event("evt_ada_1", "user.created", outcome="written")
        await self.identity(a_profile())
        old = {
            "FirstName": "Ada",
            "LastName": "Berg",
            "Email": "ada.lindqvist@example.com",
            "Phone": "+46 8 5551234",
            "Company": "Nordlicht Optik",
            "HasOptedOutOfEmail": False,
            "NumberOfLogins__c": 11,
        }
        await self.write(
            {field: (None, value) for field, value in old.items()}, action="create", reason="created", event_seq=created
        )
        renamed = await self.event("evt_ada_2", "user.updated", outcome="written")
        await self.write({"LastName": ("Berg", "Lindqvist")}, event_seq=renamed)
        await self.link(old | {"LastName": "Lindqvist"}, base=old | {"LastName": "Lindqvist"})
